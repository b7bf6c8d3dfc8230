"""The stylesheet: built when needed, within its budget, and holding what templates use."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from apps.portal import assets

ROOT: Path = settings.BASE_DIR


@pytest.fixture(scope="module")
def stylesheet() -> str:
    assets.build()
    return (ROOT / assets.TARGET).read_text()


def test_budget(stylesheet: str) -> None:
    assert len(stylesheet) < 60_000
    assert (ROOT / "static/js/app.js").stat().st_size < 15_000


def test_an_unchanged_tree_is_not_built_again(stylesheet: str) -> None:
    assert assets.build() is False


def test_both_themes_and_classes_of_templates(stylesheet: str) -> None:
    assert "light-dark(" in stylesheet
    assert "[data-theme=dark]" in stylesheet
    for name in (".btn-primary", ".sm\\:grid-cols-3", ".lg\\:col-span-2", ".sr-only"):
        assert name in stylesheet, name


def test_nothing_is_loaded_from_elsewhere(stylesheet: str) -> None:
    # The tool's own notice, and the name of SVG's namespace.
    known = ("https://tailwindcss.com", "http://www.w3.org/2000/svg")
    found = re.findall(r"https?://[^\s'\")]+", stylesheet)
    assert set(found) <= set(known)
    assert "@import" not in stylesheet
