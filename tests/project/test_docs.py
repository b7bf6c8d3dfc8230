"""What the documents point at is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.project.files import ROOT, name_of, tracked

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#{1,6}\s+(.+)$", re.MULTILINE)
MANAGED = re.compile(r"manage\.py ([a-z]\w*)")
MADE = re.compile(r"`make ([a-z][a-z0-9-]*)|^make ([a-z][a-z0-9-]*)", re.MULTILINE)
IMAGE_MAX_BYTES = 300_000


def documents() -> list[Path]:
    return tracked("*.md")


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text())


def links(path: Path) -> Iterator[str]:
    yield from LINK.findall(CODE.sub("", prose(path)))


def anchors(path: Path) -> set[str]:
    """Of each heading what GitHub makes of it."""
    found = set()
    for heading in HEADING.findall(prose(path)):
        words = re.sub(r"[^\w\s-]", "", heading.strip().lower())
        found.add(re.sub(r"\s", "-", words))
    return found


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_links_resolve(path: Path) -> None:
    broken = []
    for link in links(path):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        target, _, anchor = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(link)
    assert broken == []


def test_every_document_is_reachable_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached or not path.is_file() or path.suffix != ".md":
            continue
        reached.add(path)
        waiting += [(path.parent / link.partition("#")[0]).resolve() for link in links(path)]
    # The decisions are reached as a folder.
    wanted = {path for path in documents() if path.parent != ROOT / "docs" / "adr"}
    assert {name_of(path) for path in wanted - reached} == set()


def test_commands_exist() -> None:
    """Every `manage.py NAME` and `make NAME` that a document tells to run."""
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    commands = set(get_commands())
    unknown = []
    for path in documents():
        text = path.read_text()
        managed = set(MANAGED.findall(text)) - commands
        made = {inline or line for inline, line in MADE.findall(text)} - targets
        unknown += [f"{name_of(path)}: {name}" for name in sorted(managed | made)]
    assert unknown == []


def test_images_are_small_and_used() -> None:
    shown = {(path.parent / link).resolve() for path in documents() for link in links(path)}
    for image in tracked("docs/images/*"):
        assert image in shown, f"{name_of(image)} is in no document"
        assert image.stat().st_size < IMAGE_MAX_BYTES, f"{name_of(image)} is too large"
