"""The first step: who comes. The rules of each field are those of services/identity.py."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils.dates import MONTHS
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from services import identity
from services.identity import Guardian, Person, Relation, Support
from services.nik import SEPARATORS, read_nik
from services.refusals import FieldRefusal
from services.resident.forms import digits, text

OUTSIDE = "luar"  # lives outside Jember

SUPPORT_WORDS = [
    (Support.WHEELCHAIR, _("Kursi roda atau jalan tanpa tangga")),
    (Support.SIGN_LANGUAGE, _("Bahasa isyarat")),
    (Support.ELDERLY, _("Didahulukan: lansia")),
    (Support.PREGNANT, _("Didahulukan: ibu hamil")),
    (Support.OTHER, _("Bantuan lain, disampaikan saat datang")),
]
RELATION_WORDS = [
    ("", _("Pilih")),
    (Relation.FATHER, _("Ayah")),
    (Relation.MOTHER, _("Ibu")),
    (Relation.GUARDIAN, _("Wali")),
]

#: What looks odd about a NIK (services/nik.py), so that a slip of the finger is found.
DOUBT_WORDS = {
    "region": _("Enam angka pertama NIK ini bukan kode wilayah yang kami kenal."),
    "date": _("Angka ke-7 sampai ke-12 NIK ini bukan tanggal."),
    "birth_date": _("Tanggal lahir dalam NIK ini berbeda dari yang Anda tulis."),
    "serial": _("NIK ini berakhir dengan 0000."),
}

#: A field of the person (services/identity.py) and the field of the form that shows its error.
SHOWN_AT = {"birth_date": "birth_day", "guardian": "guardian_name"}


class IdentityForm(forms.Form):
    """Who is to be recorded. Valid: `person` is a Person whose every rule holds."""

    nik = forms.CharField(
        label=_("NIK"),
        help_text=_("16 angka di KK, di samping nama."),
        max_length=60,
        widget=digits("n16", autocomplete="off"),
        error_messages={"required": _("Tulis NIK: 16 angka di Kartu Keluarga.")},
    )
    confirm_nik = forms.BooleanField(
        label=_("Sudah saya periksa dan sama dengan KK"), required=False
    )
    full_name = forms.CharField(
        label=_("Nama lengkap sesuai KK"),
        help_text=_("Satu kata pun boleh."),
        max_length=2000,
        strip=False,
        widget=text(autocomplete="name"),
        error_messages={"required": _("Tulis nama lengkap sesuai Kartu Keluarga.")},
    )
    birth_day = forms.CharField(
        label=_("Tanggal"),
        required=False,
        max_length=20,
        widget=digits("n2", autocomplete="bday-day", maxlength="2"),
    )
    birth_month = forms.ChoiceField(
        label=_("Bulan"),
        required=False,
        choices=[("", _("Pilih")), *[(str(n), name) for n, name in MONTHS.items()]],
        widget=forms.Select(attrs={"class": "input", "autocomplete": "bday-month"}),
    )
    birth_year = forms.CharField(
        label=_("Tahun"),
        required=False,
        max_length=20,
        widget=digits("n4", autocomplete="bday-year", maxlength="4"),
    )
    ever_married = forms.BooleanField(label=_("Sudah atau pernah kawin"), required=False)
    residence_district = forms.ChoiceField(
        label=_("Kecamatan tempat tinggal"),
        widget=forms.Select(attrs={"class": "input"}),
        error_messages={
            "required": _("Pilih kecamatan tempat tinggal, atau “Luar Jember”."),
            "invalid_choice": _("Pilih kecamatan dari daftar."),
        },
    )
    guardian_name = forms.CharField(
        label=_("Nama orang tua atau wali"),
        required=False,
        max_length=2000,
        strip=False,
        widget=text(autocomplete="off"),
    )
    guardian_relation = forms.ChoiceField(
        label=_("Hubungan"),
        required=False,
        choices=RELATION_WORDS,
        widget=forms.Select(attrs={"class": "input"}),
    )
    guardian_consent = forms.BooleanField(
        label=_("Saya orang tua atau walinya, dan menyetujui jadwal ini serta penggunaan datanya."),
        required=False,
    )
    phone = forms.CharField(
        label=_("Nomor ponsel, bila ada"),
        help_text=_("Untuk bukti dan pengingat. Satu nomor boleh untuk sekeluarga."),
        required=False,
        max_length=60,
        widget=text("n16", type="tel", autocomplete="tel"),
    )
    whatsapp = forms.BooleanField(
        label=_("Kirim lewat WhatsApp"),
        help_text=_("Tanpa ini kami kirim SMS. Dapat dihentikan kapan saja."),
        required=False,
    )
    email = forms.EmailField(
        label=_("Surel (email), bila ada"),
        required=False,
        widget=text(type="email", autocomplete="email"),
        error_messages={"invalid": _("Tulis surel seperti nama@contoh.id, atau kosongkan.")},
    )
    companions = forms.ChoiceField(
        label=_("Datang dengan pendamping?"),
        choices=[("0", _("Sendiri")), ("1", _("Dengan 1 pendamping"))],
        initial="0",
        widget=forms.RadioSelect,
        error_messages={"required": _("Pilih: sendiri atau dengan pendamping.")},
    )
    support = forms.MultipleChoiceField(
        label=_("Perlu bantuan? (bila ada)"),
        required=False,
        choices=SUPPORT_WORDS,
        widget=forms.CheckboxSelectMultiple,
    )
    notice_read = forms.BooleanField(
        label=_("Saya sudah membaca pemberitahuan privasi"),
        help_text=_("Data dipakai untuk jadwal ini saja, dan dihapus setelah kunjungan."),
        error_messages={"required": _("Baca pemberitahuan privasi, lalu beri centang.")},
    )

    def __init__(
        self,
        *args: Any,
        districts: Iterable[tuple[str, str]],
        minimum_age: int,
        today: date,
        **kwargs: Any,
    ) -> None:
        """`districts`: (code, name) of all; `minimum_age` of the service; `today` in Jember."""
        super().__init__(*args, **kwargs)
        self.minimum_age, self.today = minimum_age, today
        self.fields["residence_district"].choices = [  # type: ignore[attr-defined]
            ("", _("Pilih")),
            *districts,
            (OUTSIDE, _("Luar Jember")),
        ]
        self.person: Person | None = None

    @property
    def asks_nik_again(self) -> bool:
        """Whether the box that confirms a doubtful NIK is shown."""
        return self.has_error("nik", "nik_doubtful") or bool(self.data.get("confirm_nik"))

    def clean_nik(self) -> str:
        typed = self.cleaned_data["nik"]
        bare = SEPARATORS.sub("", typed)
        if bare.isascii() and bare.isdigit() and len(bare) != 16:
            raise forms.ValidationError(
                _("NIK terdiri atas 16 angka. Yang tertulis %(n)d; periksa lagi di KK."),
                code="invalid_nik",
                params={"n": len(bare)},
            )
        return self._by_rule(identity.clean_nik_field, typed)

    def clean_full_name(self) -> str:
        return self._by_rule(identity.clean_name, self.cleaned_data["full_name"])

    def clean_guardian_name(self) -> str:
        typed = self.cleaned_data["guardian_name"]
        return self._by_rule(identity.clean_name, typed) if typed.strip() else ""

    def clean_phone(self) -> str:
        return self._by_rule(identity.clean_phone, self.cleaned_data["phone"])

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        birth_date = self._birth_date()
        if birth_date and "nik" in given and "full_name" in given:
            person = self._person(birth_date)
            self._check(person)
            self.person = person
        return given

    @staticmethod
    def _by_rule(rule: Callable[[str], str], typed: str) -> str:
        try:
            return rule(typed)
        except FieldRefusal as refusal:
            raise forms.ValidationError(str(refusal.message), code=refusal.code) from None

    def _birth_date(self) -> date | None:
        """The three fields as one date; an error beside them where they are none."""
        parts = [self.cleaned_data.get(f"birth_{part}", "") for part in ("year", "month", "day")]
        if not all(parts):
            self.add_error("birth_day", _t("Isi tanggal, bulan, dan tahun lahir."))
            return None
        if not all(part.isascii() and part.isdigit() for part in parts) or len(parts[0]) != 4:
            self.add_error("birth_day", _t("Tulis tanggal dan tahun dengan angka, seperti 2009."))
            return None
        try:
            born = date(*map(int, parts))
        except (ValueError, OverflowError):
            self.add_error("birth_day", _t("Tanggal itu tidak ada. Periksa lagi di KK."))
            return None
        try:
            return identity.clean_birth_date(born, self.today)
        except FieldRefusal as refusal:
            self._show(refusal)
            return None

    def _person(self, birth_date: date) -> Person:
        given = self.cleaned_data
        district = given.get("residence_district")
        return Person(
            nik=given["nik"],
            full_name=given["full_name"],
            birth_date=birth_date,
            ever_married=given["ever_married"],
            guardian=self._guardian(),
            residence_district=None if district in (OUTSIDE, None) else district,
            phone=given.get("phone", ""),
            email=given.get("email", ""),
            language=get_language() or "id",
            whatsapp=given["whatsapp"],
            companions=int(given.get("companions") or 0),
            support=tuple(given.get("support", ())),
            confirm_nik=given["confirm_nik"],
        )

    def _guardian(self) -> Guardian | None:
        given = self.cleaned_data
        if not all(given.get(f"guardian_{part}") for part in ("name", "relation", "consent")):
            return None
        return Guardian(full_name=given["guardian_name"], relation=given["guardian_relation"])

    def _check(self, person: Person) -> None:
        """What can be known before a day is chosen; booking checks again for the day itself."""
        last_day = self.today + timedelta(days=settings.SLOT_HORIZON_DAYS)
        try:
            identity.check_age(person, self.minimum_age, last_day)
        except FieldRefusal:
            self.add_error("birth_day", self._too_young(person.birth_date))
        if identity.needs_guardian(person, self.today) and person.guardian is None:
            self._ask_for_guardian()
        try:
            identity.check_nik_doubts(person)
        except FieldRefusal as refusal:
            doubts = read_nik(person.nik, person.birth_date).doubts
            reason = DOUBT_WORDS[doubts[0]]
            error = forms.ValidationError(f"{reason} {refusal.message}", code=refusal.code)
            self.add_error("nik", error)

    def _ask_for_guardian(self) -> None:
        wanted = {
            "guardian_name": _t("Belum 18 tahun: tulis nama ayah, ibu, atau wali."),
            "guardian_relation": _t("Pilih hubungannya: ayah, ibu, atau wali."),
            "guardian_consent": _t("Orang tua atau wali perlu menyetujui dengan mencentang."),
        }
        for name, sentence in wanted.items():
            if not self.has_error(name) and not self.cleaned_data.get(name):
                self.add_error(name, forms.ValidationError(sentence, code="guardian_required"))

    def _too_young(self, born: date) -> str:
        first_day = birthday(born, self.minimum_age)
        return _t(
            "Perekaman mulai umur %(age)d tahun, atau bila sudah kawin. Umur itu dicapai %(day)s;"
            " jadwal dapat diambil %(ahead)d hari sebelumnya."
        ) % {
            "age": self.minimum_age,
            "day": date_format(first_day, "j F Y"),
            "ahead": settings.SLOT_HORIZON_DAYS,
        }

    def _show(self, refusal: FieldRefusal) -> None:
        at = SHOWN_AT.get(refusal.attr, refusal.attr)
        self.add_error(at, forms.ValidationError(str(refusal.message), code=refusal.code))


def birthday(born: date, age: int) -> date:
    """The day on which somebody turns `age`; born on 29 February, 1 March in a common year."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


def initial_from(person: Person) -> dict[str, Any]:
    """What to fill the form with when somebody comes back to change a detail."""
    guardian = person.guardian
    return {
        "nik": person.nik,
        "full_name": person.full_name,
        "birth_day": person.birth_date.day,
        "birth_month": person.birth_date.month,
        "birth_year": person.birth_date.year,
        "ever_married": person.ever_married,
        "residence_district": person.residence_district or OUTSIDE,
        "guardian_name": guardian.full_name if guardian else "",
        "guardian_relation": guardian.relation if guardian else "",
        "guardian_consent": guardian is not None,
        "phone": identity.show_phone(person.phone) if person.phone else "",
        "whatsapp": person.whatsapp,
        "email": person.email,
        "companions": str(person.companions),
        "support": list(person.support),
        "notice_read": True,
    }
