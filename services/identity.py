"""Who comes: the fields of a person, how they are cleaned, and the rules about them.

Forms and API use the same `clean_…` functions, each of which takes what was typed and returns what
is stored, or raises FieldRefusal with a code and a sentence (docs/domain.md sections 1, 2, 5, 9).
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

import phonenumbers
from django.db import models
from django.utils.translation import gettext_lazy as _

from services.nik import clean_nik, read_nik
from services.refusals import FieldRefusal

NAME_MAX = 100
OLDEST_YEARS = 125
ADULT_YEARS = 18
#: A word of Javanese script stacks a few marks on a letter; forty are an attack on the screen.
MARKS_MAX = 4
PHONE_SHAPE = re.compile(r"\+?[0-9(][0-9 ().\-]{5,24}", re.ASCII)


class Relation(models.TextChoices):
    """Who consents for somebody under 18 (UU 27/2022 Pasal 25)."""

    FATHER = "father", _("ayah")
    MOTHER = "mother", _("ibu")
    GUARDIAN = "guardian", _("wali")


class Support(models.TextChoices):
    """Which help is wished for; never the diagnosis (UU 27/2022 Pasal 26)."""

    WHEELCHAIR = "wheelchair", _("kursi roda")
    SIGN_LANGUAGE = "sign_language", _("bahasa isyarat")
    ELDERLY = "elderly", _("lansia")
    PREGNANT = "pregnant", _("ibu hamil")
    OTHER = "other", _("bantuan lain")


#: Served first: elderly, pregnant, disabled people (UU 25/2009 Pasal 29).
PRIORITY = frozenset(Support.values)


@dataclass(frozen=True)
class Guardian:
    full_name: str
    relation: str


@dataclass(frozen=True)
class Person:
    """Somebody to be booked, with every field cleaned. `phone` is E.164 or empty."""

    nik: str
    full_name: str
    birth_date: date
    ever_married: bool = False
    guardian: Guardian | None = None
    residence_district: str | None = None
    phone: str = ""
    email: str = ""
    language: str = "id"
    whatsapp: bool = False
    companions: int = 0
    support: tuple[str, ...] = ()
    confirm_nik: bool = False
    notice_version: str = "1"


def clean_nik_field(typed: str) -> str:
    """Sixteen digits, or FieldRefusal `invalid_nik`."""
    digits = clean_nik(typed)
    if digits is None:
        raise FieldRefusal(
            "nik", "invalid_nik", _("NIK terdiri dari 16 angka. Lihat di Kartu Keluarga Anda.")
        )
    return digits


def clean_name(typed: str, attr: str = "full_name") -> str:
    """A name as on the family card: 1 to 100 characters, one word is a name.

    Letters of any script, marks, digits, punctuation and plain symbols pass (they are escaped where
    they are shown); control, invisible, private and pictographic characters do not.
    """
    name = " ".join(unicodedata.normalize("NFC", typed.strip(" ")).split(" "))
    name = re.sub(" {2,}", " ", name)
    if not name:
        raise FieldRefusal(attr, "required", _("Isi nama lengkap sesuai Kartu Keluarga."))
    if len(name) > NAME_MAX:
        raise FieldRefusal(attr, "max_length", _("Nama paling banyak 100 huruf."))
    if any(_cannot_stand_in_a_name(c) for c in name) or _stacks_marks(name):
        raise FieldRefusal(
            attr, "invalid_name", _("Tulis nama dengan huruf biasa, sesuai Kartu Keluarga.")
        )
    if not any(unicodedata.category(c).startswith(("L", "N")) for c in name):
        raise FieldRefusal(attr, "invalid_name", _("Nama perlu memuat huruf."))
    return name


def _cannot_stand_in_a_name(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Zs":
        return character not in " \u00a0"
    # C*: control, format (direction marks, zero width), surrogate, private, unassigned. So: emoji.
    return category.startswith(("C", "Zl", "Zp", "So")) or (
        category == "Sk" and ord(character) > 0xFFFF
    )


def _stacks_marks(name: str) -> bool:
    run = 0
    for character in name:
        run = run + 1 if unicodedata.category(character).startswith("M") else 0
        if run > MARKS_MAX:
            return True
    return False


def clean_phone(typed: str) -> str:
    """E.164 for any Indonesian notation (08…, 8…, 62…, +62…); empty stays empty.

    A landline is accepted: no message reaches it, but somebody can call it.
    """
    text = typed.strip()
    if not text:
        return ""
    refusal = FieldRefusal(
        "phone", "invalid_phone", _("Tulis nomor ponsel seperti 0812-3456-7890, atau kosongkan.")
    )
    if not PHONE_SHAPE.fullmatch(text):
        raise refusal
    digits = re.sub(r"[^0-9+]", "", text)
    digits = re.sub(r"^(\+?62)0+", r"\1", digits)
    try:
        number = phonenumbers.parse(digits, "ID")
    except phonenumbers.NumberParseException:
        raise refusal from None
    if number.country_code != 62 or not phonenumbers.is_valid_number(number):
        raise refusal
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_mobile(phone: str) -> bool:
    """Whether messages can reach this E.164 number."""
    return phone.startswith("+628")


def show_phone(phone: str) -> str:
    """0812-3456-7890, as people write it."""
    local = "0" + phone.removeprefix("+62")
    return "-".join(filter(None, (local[:4], local[4:8], local[8:])))


def clean_birth_date(value: date, today: date) -> date:
    """A birth date in the past and within a human life, or FieldRefusal."""
    if value > today:
        raise FieldRefusal("birth_date", "in_future", _("Tanggal lahir belum terjadi."))
    if value.year < today.year - OLDEST_YEARS:
        raise FieldRefusal("birth_date", "too_old", _("Periksa tahun lahir."))
    return value


def age_on(birth_date: date, day: date) -> int:
    """Full years on a day. Born on 29 February: a year older on 1 March in a common year."""
    had_birthday = (day.month, day.day) >= (birth_date.month, birth_date.day)
    return day.year - birth_date.year - (0 if had_birthday else 1)


def needs_guardian(person: Person, visit_day: date) -> bool:
    """Under 18 and never married: a parent or guardian consents (UU 27/2022 Pasal 25(2))."""
    return not person.ever_married and age_on(person.birth_date, visit_day) < ADULT_YEARS


def check_age(person: Person, minimum_age: int, visit_day: date) -> None:
    """Old enough on the day of the visit, or is or was married (UU 24/2013 Pasal 63(1))."""
    if person.ever_married or age_on(person.birth_date, visit_day) >= minimum_age:
        return
    raise FieldRefusal(
        "birth_date",
        "under_age",
        _("Pada hari itu usia Anda belum %(years)s tahun. Pilih hari setelah ulang tahun Anda.")
        % {"years": minimum_age},
    )


def check_guardian(person: Person, visit_day: date) -> None:
    if needs_guardian(person, visit_day) and person.guardian is None:
        raise FieldRefusal(
            "guardian",
            "guardian_required",
            _("Usia di bawah 18 tahun: isi nama ayah, ibu, atau wali yang menyetujui."),
        )


def check_consent(person: Person, visit_day: date, *, given: bool) -> None:
    """On a move nobody can be named any more: a guardian has been asked before, or another day."""
    if needs_guardian(person, visit_day) and not given:
        raise FieldRefusal(
            "guardian",
            "guardian_required",
            _(
                "Pada hari itu usia Anda belum 18 tahun, dan belum ada persetujuan orang tua atau"
                " wali. Pilih hari setelah ulang tahun Anda."
            ),
        )


def check_nik_doubts(person: Person) -> bool:
    """Whether the NIK is doubtful. A doubt that was not confirmed is refused: `nik_doubtful`."""
    doubtful = bool(read_nik(person.nik, person.birth_date).doubts)
    if doubtful and not person.confirm_nik:
        raise FieldRefusal("nik", "nik_doubtful", _("Periksa lagi. Jika sesuai KK, lanjutkan."))
    return doubtful
