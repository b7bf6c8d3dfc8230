"""Which texts are sent to people, and so have to be there in each language: of declarations, code and
templates.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import override, templatize

from apps.common.catalogues import Text
from apps.common.entitlements import entitlements
from apps.common.notifying import notification_categories, notification_types

# Mails whose frame is translated, and code that writes what is sent.
TEMPLATES = ("emails/base.html", "emails/base.txt", "emails/notifications/*")
SOURCES = ("apps/notifications/messages.py", "apps/notifications/sms_text.py")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
# What Django makes of a template, for programs that look for texts.
_LITERAL = r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_CALL = re.compile(rf"gettext\({_LITERAL}(?:, {_LITERAL}, \w+)?\)")


def texts() -> list[tuple[str, Text]]:
    """Each once: what it is of, and the text as it is in the source."""
    found: dict[Text, str] = {}
    with override(None):
        for place, text in _all():
            if text:
                found.setdefault(str(text) if isinstance(text, Promise) else text, place)
    return [(place, text) for text, place in found.items()]


def _all() -> Iterator[tuple[str, Text | Promise]]:
    for category in notification_categories():
        yield f"category {category.code}", category.label
        yield f"category {category.code}", category.help_text
    for kind in notification_types().values():
        for text in (kind.label, kind.title, kind.body, kind.action):
            yield f"notification {kind.code}", text
    for code, one in entitlements().items():
        yield f"entitlement {code}", one.label
    for source in SOURCES:
        path = Path(settings.BASE_DIR, source)
        for _line, message, _comments, _context in extract_from_file("python", path, KEYWORDS):
            yield f"code {path.name}", message if isinstance(message, str) else tuple(message)  # type: ignore[misc]
    for pattern in TEMPLATES:
        for path in sorted(Path(settings.BASE_DIR, "templates").glob(pattern)):
            yield from ((f"template {path.name}", text) for text in _in_template(path))


def _in_template(path: Path) -> Iterator[Text]:
    source = templatize(path.read_text(encoding="utf-8"), origin=path.name)
    for one, several in _CALL.findall(source):
        singular = ast.literal_eval(one)
        yield (singular, ast.literal_eval(several)) if several else singular


def missing_in(catalog: Catalog) -> list[Text]:
    """Texts that are not translated, or were translated before they changed."""
    found = [(text, catalog.get(text)) for _place, text in texts()]
    return [text for text, one in found if one is None or not _is_there(one.string) or one.fuzzy]


def _is_there(string: object) -> bool:
    return all(string) if isinstance(string, tuple) else bool(string)
