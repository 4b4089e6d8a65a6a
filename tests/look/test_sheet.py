"""The sheet works in browsers of ten years ago; a beauty they miss costs them no use."""

import re
from pathlib import Path

import pytest

LOOK = Path(__file__).resolve().parents[2] / "ektp_booking" / "static" / "look"
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def sheet() -> str:
    text = (LOOK / "look.css").read_text()
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


@pytest.mark.parametrize(
    "word",
    ["@layer", "@container", ":has(", ":is(", ":where(", "inset:", "-inline", "-block:", "aspect-"],
)
def test_nothing_newer_than_old_phones_is_leaned_on(word: str) -> None:
    assert word not in sheet()


def test_before_each_custom_property_stands_a_plain_value() -> None:
    bare = []
    for selector, body in RULE.findall(sheet()):
        plain: set[str] = set()
        for declaration in filter(None, (part.strip() for part in body.split(";"))):
            name, _, value = declaration.partition(":")
            if name.startswith("--"):
                continue
            if "var(" not in value:
                plain.add(name)
            elif name not in plain and not (name.endswith("-color") and name[:-6] in plain):
                # `border:2px solid #0b5666; border-color:var(--accent)` falls back as well
                shorthand = name.rsplit("-", 1)[0]
                if shorthand not in plain and shorthand.split("-")[0] not in plain:
                    bare.append(f"{selector.strip()} {{ {declaration} }}")
    assert bare == []


def test_flex_boxes_have_no_gap() -> None:
    """Chrome 80 knows gap in grids only."""
    for selector, body in RULE.findall(sheet()):
        if "flex" in body and "grid" not in body:
            assert "gap:" not in body, selector


def test_the_sheet_is_light() -> None:
    assert (LOOK / "look.css").stat().st_size <= 20_000
