"""The health protocol in force as pictures with words.

The sentences are the office's own and may change; a picture is chosen by a word of the Indonesian
sentence, and one without such a word gets the plain sign for information.
"""

from dataclasses import dataclass

from locations.models import HealthProtocol

PICTURES = (
    ("masker", "mask"),
    ("suhu harus", "temp"),
    ("demam", "temp"),
    ("tangan", "wash"),
    ("jarak", "gap"),
    ("ruangan", "door"),
    ("pendamping", "people"),
    ("paling cepat", "early"),
    ("suhu", "temp"),
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
    spoken = protocol.instructions
    pictures = [picture_of(sentence) for sentence in protocol.instructions_id]
    pictures += ["icons/info.svg"] * (len(spoken) - len(pictures))
    return Shown(
        step=protocol.rank,
        name=protocol.name,
        lines=[Line(picture, text) for picture, text in zip(pictures, spoken, strict=False)],
    )


def picture_of(sentence: str) -> str:
    """The icon for an Indonesian sentence."""
    lowered = sentence.lower()
    name = next((icon for word, icon in PICTURES if word in lowered), "info")
    return f"icons/{name}.svg"


def strictest_in_force() -> Shown | None:
    """The strictest level of any active location; one statement."""
    protocol = HealthProtocol.objects.filter(location__active=True).order_by("-rank").first()
    return shown(protocol) if protocol else None
