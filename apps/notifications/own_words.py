"""What a workspace's own words may be, and what they look like with the type's example."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.accounts.enums import Language
from apps.common.errors import FieldError, InvalidInput
from apps.common.notifying import NotificationType
from apps.notifications.content import Content, Words, content_made
from apps.notifications.templating import (
    MAX_ACTION,
    MAX_BODY,
    MAX_TITLE,
    TemplateProblem,
    render,
    variables,
    variables_of,
)
from apps.tenants.models import Tenant

LIMITS = {"title": MAX_TITLE, "body": MAX_BODY, "action": MAX_ACTION}
LANGUAGES = [one.value for one in Language]
EXAMPLE_ACTOR = "Sam Example"


@dataclass(frozen=True, slots=True)
class Standard:
    """The platform's words of a type in one language, as templates."""

    title: str
    body: str
    action: str

    @classmethod
    def of(cls, kind: NotificationType, language: str) -> "Standard":
        with override(language):
            return cls(str(kind.title), str(kind.body), str(kind.action))


def words_clean(words: Words) -> Words:
    """Without white space around, and with line feeds only."""
    title, body, action = (
        text.replace("\r\n", "\n").replace("\r", "\n").strip()
        for text in (words.title, words.body, words.action)
    )
    return Words(title, body, action)


def words_validate(kind: NotificationType, words: Words) -> None:
    """Raises InvalidInput with what is wrong in which field."""
    errors = [
        FieldError(code, detail, field)
        for field, limit in LIMITS.items()
        for code, detail in _problems(kind, field, getattr(words, field), limit)
    ]
    if errors:
        raise InvalidInput(errors=errors)


def example_content(kind: NotificationType, language: str, tenant: Tenant, words: Words) -> Content:
    """As somebody would read it. Words that cannot be filled in give way to the platform's."""
    with override(language):
        values = {**kind.sample, "tenant": tenant.name, "actor": EXAMPLE_ACTOR}
        return content_made(kind, values, tenant, words)


def _problems(
    kind: NotificationType, field: str, text: str, limit: int
) -> Iterator[tuple[str, str]]:
    if not text:
        return
    if len(text) > limit:
        yield "max_length", _("Use at most %d characters.") % limit
        return
    if field != "body" and "\n" in text:
        yield "one_line", _("This is one line.")
        return
    try:
        used = variables_of(text)
        written = render(text, {**kind.sample, "tenant": "Acme", "actor": EXAMPLE_ACTOR})
    except TemplateProblem as problem:
        place = _(" (line %d)") % problem.line if problem.line and field == "body" else ""
        yield "template_invalid", _("This cannot be filled in: %s") % f"{problem.message}{place}."
        return
    known = variables(kind)
    if unknown := sorted(used - set(known)):
        yield (
            "variable_unknown",
            _("There is no %(unknown)s here. There are: %(known)s.")
            % {"unknown": ", ".join(unknown[:5]), "known": ", ".join(known)},
        )
    elif field == "title" and not written.strip():
        yield "empty", _("With the example, nothing is left of it.")
