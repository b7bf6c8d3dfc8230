"""Countries, as addresses name them (ISO 3166-1 alpha-2)."""

from functools import cache

from babel import Locale
from django.utils.translation import get_language

# Of CLDR's territories of two letters, those that are no country with addresses.
NONE = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


def is_country(code: str) -> bool:
    return code in dict(_named("en"))


def countries() -> list[tuple[str, str]]:
    """Code and name in the current language, by name."""
    return list(_named((get_language() or "en").split("-")[0]))


@cache
def _named(language: str) -> tuple[tuple[str, str], ...]:
    named = Locale.parse(language).territories.items()
    found = [
        (code, name)
        for code, name in named
        if len(code) == 2 and code.isalpha() and code not in NONE
    ]
    return tuple(sorted(found, key=lambda one: one[1]))
