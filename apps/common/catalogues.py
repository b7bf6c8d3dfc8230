"""Catalogues of translations: `locale/<language>/LC_MESSAGES/django.po`, compiled to `.mo` when they change.

By Babel, so that no GNU gettext is needed. What is compiled is not committed; `manage.py assets` makes it.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings

NAME = "django.po"
# One, or its singular and plural.
Text = str | tuple[str, str]


def catalogues() -> Iterator[Path]:
    """Of the project's own texts, in the order of their languages."""
    for folder in settings.LOCALE_PATHS:
        yield from sorted(Path(folder).glob(f"*/LC_MESSAGES/{NAME}"))


def build() -> list[Path]:
    """Compile those that are newer than what was compiled of them; returns what was made.

    Several processes may do so at once: each writes a file of its own, and renames it.
    """
    made = []
    for source in catalogues():
        target = source.with_suffix(".mo")
        if target.is_file() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        fresh = target.with_suffix(f".mo.{os.getpid()}")
        with fresh.open("wb") as file:
            write_mo(file, read(source))
        fresh.replace(target)
        made.append(target)
    return made


def read(path: Path) -> Catalog:
    """Raises babel.messages.pofile.PoFileError."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], charset="utf-8", abort_invalid=True)


def path_of(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / NAME


def update(language: str, messages: Iterable[tuple[str, Text]]) -> Catalog:
    """Bring a catalogue, which may be a new one, up to these texts: of each what it is, and the text.

    What is gone is dropped; what is new is empty until somebody translates it. Returns what was written.
    """
    path = path_of(language)
    known = read(path) if path.is_file() else Catalog(locale=language)
    catalog = Catalog(locale=language)
    for place, text in messages:
        found = known.get(text)
        message = catalog.add(text, found.string if found else "", auto_comments=[place])
        if found is not None:
            message.flags |= found.flags & {"fuzzy"}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=100, sort_output=False, omit_header=True)
    return catalog
