"""What is sent is there in each language that is shipped."""

import re
from pathlib import Path

import pytest
from django.utils.translation import ngettext, override

from apps.accounts.enums import Language
from apps.common import catalogues
from apps.common.notifying import notification_types
from apps.notifications.content import Words
from apps.notifications.own_words import example_content
from apps.notifications.texts import missing_in, texts
from apps.tenants.models import Tenant

SHIPPED = [one.value for one in Language if one != Language.ENGLISH]
PLACES = re.compile(r"{{.*?}}|{%.*?%}|%\(\w+\)[sd]")


def test_a_language_has_a_catalogue_and_each_catalogue_is_a_language() -> None:
    assert [path.parts[-3] for path in catalogues.catalogues()] == sorted(SHIPPED)


@pytest.mark.parametrize("language", SHIPPED)
def test_every_text_is_translated_and_none_is_left_over(language: str) -> None:
    catalog = catalogues.read(catalogues.path_of(language))
    assert missing_in(catalog) == [], "manage.py translations, then translate these"
    wanted = {text for _place, text in texts()}
    assert {message.id for message in catalog if message.id} == wanted


@pytest.mark.parametrize("language", SHIPPED)
def test_translations_have_the_same_places_to_fill_in(language: str) -> None:
    for message in catalogues.read(catalogues.path_of(language)):
        assert set(PLACES.findall(str(message.string))) == set(PLACES.findall(str(message.id)))


def test_plurals() -> None:
    several = ("%(count)s more is in the inbox.", "%(count)s more are in the inbox.")
    assert several in [text for _place, text in texts()]
    with override("de"):
        assert [ngettext(*several, count) % {"count": count} for count in (1, 2)] == [
            "1 weitere ist im Posteingang.",
            "2 weitere sind im Posteingang.",
        ]


@pytest.mark.django_db
def test_every_type_reads_differently_in_german(acme: Tenant) -> None:
    for kind in notification_types().values():
        english, german = (example_content(kind, one, acme, Words()) for one in ("en", "de"))
        assert english.title != german.title, kind.code


def test_what_is_not_translated_is_english() -> None:
    from django.utils.translation import gettext

    with override("de"):
        assert gettext("Nobody translated this.") == "Nobody translated this."


def test_building_again_makes_nothing() -> None:
    assert catalogues.build() == []
    target = catalogues.path_of("de").with_suffix(".mo")
    target.unlink()
    assert catalogues.build() == [target]


def test_a_new_language_begins_empty(tmp_path: Path, settings) -> None:
    settings.LOCALE_PATHS = [tmp_path]
    catalogues.update("fr", [("type a", "Hello"), ("type b", "Bye")])
    source = catalogues.path_of("fr").read_text()
    catalogues.path_of("fr").write_text(
        source.replace('"Hello"\nmsgstr ""', '"Hello"\nmsgstr "Salut"')
    )
    catalog = catalogues.update("fr", [("type a", "Hello"), ("type c", "New")])
    assert [(one.id, one.string) for one in catalog if one.id] == [("Hello", "Salut"), ("New", "")]
