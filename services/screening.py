"""The health check at the door: what the protocol in force asks, and what the answers mean.

Sources: docs/domain.md section 3 (KMK HK.01.07/MENKES/382/2020: measure again after five minutes
before anybody is turned away; no mask, no entry). Figures in °C.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from locations.models import HealthProtocol
from services.refusals import FieldRefusal

RECHECK_AFTER = timedelta(minutes=5)
#: What a working thermometer can show on a living person; the rest is a slip of the finger.
COLDEST, HOTTEST = Decimal("30.0"), Decimal("44.9")
TEMPERATURE_SHAPE = re.compile(r"[0-9]{2}([.,][0-9])?", re.ASCII)


class Finding(StrEnum):
    PASSED = "passed"
    RECHECK = "recheck"
    MASK_REQUIRED = "mask_required"
    DEFERRED = "deferred"


@dataclass(frozen=True)
class Answers:
    """What was measured and seen. None: not asked, or not answered."""

    temperature_c: Decimal | None = None
    mask: bool | None = None
    symptoms: bool | None = None


@dataclass(frozen=True)
class Asks:
    """What the protocol in force wants to know of everybody who comes in."""

    temperature: bool
    mask: bool
    symptoms: bool

    @property
    def anything(self) -> bool:
        return self.temperature or self.mask or self.symptoms


def asked_by(protocol: HealthProtocol) -> Asks:
    return Asks(
        temperature=protocol.temperature_limit is not None,
        mask=protocol.mask == HealthProtocol.Mask.REQUIRED,
        symptoms=protocol.asks_symptoms,
    )


#: What to do about an answer that is missing, by its field.
MISSING = {
    "temperature_c": _("Ukur suhu tubuh, lalu tulis angkanya."),
    "mask": _("Catat apakah masker dipakai."),
    "symptoms": _("Tanyakan batuk, pilek, atau sesak."),
}


def check_answered(protocol: HealthProtocol, answers: Answers) -> None:
    """Refuse with `required` at the first thing that the protocol demands and nobody answered.

    That is what its level names: temperature and mask. Symptoms are asked on the counter's form; a
    program that says nothing of them reports none.
    """
    asks = asked_by(protocol)
    missing = {
        "temperature_c": asks.temperature and answers.temperature_c is None,
        "mask": asks.mask and answers.mask is None,
    }
    for attr, is_missing in missing.items():
        if is_missing:
            raise FieldRefusal(attr, "required", MISSING[attr])


def find(
    protocol: HealthProtocol, answers: Answers, *, recheck_at: datetime | None, now: datetime
) -> Finding:
    """What the answers mean. `recheck_at`: after a first high reading, when to measure again.

    Until then every reading only repeats the verdict, so that sending the same figure twice defers
    nobody. The limit is the first figure that is too high (≥). What the protocol does not ask
    decides nothing.
    """
    asks = asked_by(protocol)
    if asks.mask and not answers.mask:
        return Finding.MASK_REQUIRED
    if asks.symptoms and answers.symptoms:
        return Finding.DEFERRED
    if not asks.temperature or answers.temperature_c is None:
        return Finding.PASSED
    if recheck_at is not None and now < recheck_at:
        return Finding.RECHECK
    assert protocol.temperature_limit is not None
    if answers.temperature_c < protocol.temperature_limit:
        return Finding.PASSED
    return Finding.RECHECK if recheck_at is None else Finding.DEFERRED


def clean_temperature(typed: str) -> Decimal | None:
    """°C with at most one decimal, comma or point; None for nothing; else FieldRefusal."""
    text = typed.strip()
    if not text:
        return None
    if TEMPERATURE_SHAPE.fullmatch(text):
        figure = Decimal(text.replace(",", "."))
        if COLDEST <= figure <= HOTTEST:
            return figure.quantize(Decimal("0.1"))
    raise FieldRefusal(
        "temperature_c", "invalid", _("Tulis suhu seperti 36,6 (30 sampai 44,9 °C).")
    )
