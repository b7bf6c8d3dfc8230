"""Rules for every file of the repository."""

import os
import re
from urllib.parse import urlsplit

from tests.project.files import ROOT, name_of, text_of, tracked

MAX_LINES = 400
# Folders of people and machines, spelled so that this file does not hold what it looks for.
PLACES = re.compile(
    rf"(?<![\w.~-])/({'|'.join(('ho' + 'me', 'Us' + 'ers', 'ro' + 'ot', 'wo' + 'rk'))})/\w"
)
INDEX = re.compile(r"https?://[^\s'\"]*/sim" + r"ple\b|(?<!-no-emit)--(extra-)?index" + r"-url[ =]")
INDEX_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")


def test_no_file_names_a_place_on_the_machine_that_made_it() -> None:
    # A checkout in the root folder would be named by every path.
    places = [str(ROOT)] if len(ROOT.parts) > 2 else []
    found = []
    for path in tracked():
        for number, line in enumerate((text_of(path) or "").splitlines(), 1):
            if PLACES.search(line) or any(place in line for place in places):
                found.append(f"{name_of(path)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_no_file_names_a_package_index() -> None:
    hosts = {urlsplit(os.environ.get(name, "")).hostname for name in INDEX_VARIABLES}
    hosts -= {None, "pypi.org"}
    found = []
    for path in tracked():
        for number, line in enumerate((text_of(path) or "").splitlines(), 1):
            if INDEX.search(line) or any(str(host) in line for host in hosts):
                found.append(f"{name_of(path)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_python_files_are_short() -> None:
    long = {
        name_of(path): lines
        for path in tracked("*.py")
        if (lines := len(path.read_text().splitlines())) > MAX_LINES
    }
    assert long == {}


def test_what_is_made_is_not_kept() -> None:
    """What git ignores is what the tools write; nothing of it was added before it was ignored."""
    made = (".env", ".state", ".venv", "screenshots", "static/build", "staticfiles", "uv.lock")
    kept = [
        name_of(path)
        for path in tracked()
        if name_of(path).startswith(tuple(f"{m}/" for m in made))
    ]
    assert kept + [name for name in made if (ROOT / name) in tracked()] == []
