"""The health protocol in force as pictures with words.

The sentences are the office's own, and the two languages need not have the same number of them. So
a picture is chosen by a word of the sentence that is shown; one without such a word gets the plain
sign for information.
"""

from dataclasses import dataclass

from locations.models import HealthProtocol

#: Word of a sentence (Indonesian, English) → icon; the first that fits decides.
PICTURES = (
    (("masker", "mask"), "mask"),
    (("cuci", "wash"), "wash"),
    (("suhu", "demam", "temperature", "fever"), "temp"),
    (("jarak", "apart"), "gap"),
    (("ruangan", "room"), "door"),
    (("sendiri", "pendamping", "alone"), "people"),
    (("paling cepat", "early"), "early"),
)


@dataclass(frozen=True, slots=True)
class Line:
    picture: str  # a template in icons/
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """`step` is 1 to 4, as bars; `name` the level's word."""

    step: int
    name: str
    lines: list[Line]


def shown(protocol: HealthProtocol) -> Shown:
    """The level in the reader's language."""
    return Shown(
        step=protocol.rank,
        name=protocol.name,
        lines=[Line(picture_of(sentence), sentence) for sentence in protocol.instructions],
    )


def picture_of(sentence: str) -> str:
    """The icon for a sentence in either language."""
    lowered = sentence.lower()
    fitting = (icon for words, icon in PICTURES if any(word in lowered for word in words))
    return f"icons/{next(fitting, 'info')}.svg"


def strictest_in_force() -> Shown | None:
    """The strictest level of any active location; one statement."""
    protocol = HealthProtocol.objects.filter(location__active=True).order_by("-rank").first()
    return shown(protocol) if protocol else None
