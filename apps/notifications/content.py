"""The words of a notification, in the reader's language, with the workspace's own if it has any."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.utils.functional import Promise
from django.utils.translation import override

from apps.common.notifying import NotificationType
from apps.notifications.models import Notification, TemplateOverride
from apps.notifications.templating import TemplateProblem, render
from apps.tenants.models import Tenant

log = structlog.get_logger(__name__)

# In no text: what terminals, mail servers or eyes take for something else (line feeds are kept in bodies).
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Content:
    """title: one line. body: plain text, paragraphs apart by an empty line. url: absolute. action: of the
    button.
    """

    title: str
    body: str
    action: str
    url: str


@dataclass(frozen=True, slots=True)
class Words:
    """A workspace's own; empty: the platform's."""

    title: str = ""
    body: str = ""
    action: str = ""

    @classmethod
    def of(cls, own: TemplateOverride | None) -> "Words":
        return cls(own.title, own.body, own.action) if own else cls()


def values_of(
    kind: NotificationType, params: Mapping[str, Any], actor_label: str, tenant: Tenant
) -> dict[str, Any]:
    """What templates can use: the payload, `tenant`, `actor`, what the type adds and what it says.

    In the language of the moment.
    """
    said = kind.says(params) if kind.says is not None else {}
    return {**params, **said, "tenant": tenant.name, "actor": actor_label}


def content_of(
    kind: NotificationType,
    notification: Notification,
    tenant: Tenant,
    language: str,
    own: TemplateOverride | None = None,
) -> Content:
    """own: the workspace's words in that language, if any. Their mistakes cost nobody a notification."""
    with override(language):
        values = values_of(kind, notification.params, notification.actor_label, tenant)
        return content_made(kind, values, tenant, Words.of(own))


def content_made(
    kind: NotificationType, values: Mapping[str, Any], tenant: Tenant, own: Words
) -> Content:
    """Of values that are there already, in the language of the moment."""
    title = _one_line(_render(kind.title, own.title, values))
    return Content(
        # A title of which nothing is left would be a mail without a subject.
        title=title or _one_line(render(kind.title, values)),
        body=_CONTROL.sub(" ", _lines(_render(kind.body, own.body, values))).strip(),
        action=_one_line(_render(kind.action, own.action, values)),
        url=tenant.url(render(kind.url, values)),
    )


def _render(standard: str | Promise, own: str, values: Mapping[str, Any]) -> str:
    if own:
        try:
            return render(own, values)
        except TemplateProblem as problem:
            # It was checked when it was saved: what it is about has other parts since.
            log.warning("notifications.own_words_failed", reason=problem.message)
    return render(standard, values)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _one_line(text: str) -> str:
    return _CONTROL.sub("", " ".join(text.split()))
