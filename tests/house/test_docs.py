"""What the docs say is there."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def listed(file: str) -> set[str]:
    lines = (ROOT / file).read_text().splitlines()
    names = (re.match(r"[A-Za-z0-9-]+", line) for line in lines if line[:1] not in "#-")
    return {name[0].lower() for name in names if name}


def test_each_direct_dependency_has_its_line_of_reason() -> None:
    rows = re.findall(
        r"^\| ([^|]+) \| [^|]{5,} \|$", (ROOT / "docs/dependencies.md").read_text(), re.M
    )
    explained = {
        name.split("[")[0].strip().lower()
        for row in rows
        for name in re.split(r",(?![^\[]*\])", row)
    }
    assert listed("requirements.in") | listed("requirements-dev.in") == explained - {"library"}


def test_the_locks_hold_what_the_lists_ask_for_with_hashes() -> None:
    for list_, lock in (
        ("requirements.in", "requirements.txt"),
        ("requirements-dev.in", "requirements-dev.txt"),
    ):
        text = (ROOT / lock).read_text()
        pinned = {name.lower() for name in re.findall(r"^([A-Za-z0-9-]+)(?:\[.*\])?==", text, re.M)}
        assert listed(list_) <= pinned
        assert text.count("--hash=") >= len(pinned)


def test_links_lead_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_make_help_lists_the_targets_that_the_docs_name() -> None:
    help_ = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True).stdout
    pages = (ROOT / "README.md").read_text() + (ROOT / "docs/develop.md").read_text()
    for target in set(re.findall(r"make ([a-z-]+)`", pages)):
        assert f"make {target}" in help_
