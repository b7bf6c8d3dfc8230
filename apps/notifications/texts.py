"""Which texts are sent to people, and so have to be there in each language: of declarations and templates."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import override, templatize

from apps.common.entitlements import entitlements
from apps.common.notifying import notification_categories, notification_types
from apps.notifications.sms_text import CODE_TEXT

# Mails whose frame is translated.
TEMPLATES = ("emails/base.html", "emails/base.txt", "emails/notifications/*")
# What Django makes of a template, for programs that look for texts.
_CALL = re.compile(r"""gettext\((u?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))\)""")


def texts() -> list[tuple[str, str]]:
    """Each once: what it is of, and the text as it is in the source."""
    found: dict[str, str] = {}
    with override(None):
        for place, text in _all():
            if isinstance(text, Promise) or text:
                found.setdefault(str(text), place)
    return [(place, text) for text, place in found.items()]


def _all() -> Iterator[tuple[str, str | Promise]]:
    for category in notification_categories():
        yield f"category {category.code}", category.label
        yield f"category {category.code}", category.help_text
    for kind in notification_types().values():
        for text in (kind.label, kind.title, kind.body, kind.action):
            yield f"notification {kind.code}", text
    for code, one in entitlements().items():
        yield f"entitlement {code}", one.label
    yield "text message", CODE_TEXT
    for pattern in TEMPLATES:
        for path in sorted(Path(settings.BASE_DIR, "templates").glob(pattern)):
            for text in _in_template(path):
                yield f"template {path.name}", text


def _in_template(path: Path) -> list[str]:
    source = templatize(path.read_text(encoding="utf-8"), origin=path.name)
    return [ast.literal_eval(literal) for literal in _CALL.findall(source)]


def missing_in(catalog: Catalog) -> list[str]:
    """Texts that are not translated, or were translated before they changed."""
    wanted = [text for _place, text in texts()]
    found = {text: catalog.get(text) for text in wanted}
    return [text for text, one in found.items() if one is None or not one.string or one.fuzzy]
