"""The words of a notification: Liquid templates, in the reader's language, with the workspace's own if any.

Liquid is made for templates that strangers write: no code, no attributes of objects, limits on loops, output
and memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog
from django.utils.functional import Promise
from django.utils.translation import override
from liquid import Environment
from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate

from apps.common.notifying import NotificationType
from apps.notifications.models import Notification, TemplateOverride
from apps.tenants.models import Tenant

log = structlog.get_logger(__name__)


class _Environment(Environment):
    """What a template may use up, counted in what it loops and writes."""

    loop_iteration_limit = 1000
    output_stream_limit = 20_000
    local_namespace_limit = 20_000
    context_depth_limit = 10


# Plain text comes out; who puts it into HTML escapes it there.
ENVIRONMENT = _Environment(autoescape=False)


@dataclass(frozen=True, slots=True)
class Content:
    """title: one line. body: plain text, paragraphs apart by an empty line. url: absolute. action: of the
    button.
    """

    title: str
    body: str
    action: str
    url: str


@lru_cache(maxsize=1024)
def parsed(source: str) -> BoundTemplate:
    """Raises LiquidError."""
    return ENVIRONMENT.from_string(source)


def values_of(
    kind: NotificationType, params: Mapping[str, Any], actor_label: str, tenant: Tenant
) -> dict[str, Any]:
    """What templates can use: the payload, `tenant`, `actor`, and what the type adds."""
    return {**params, "tenant": tenant.name, "actor": actor_label}


def content_of(
    kind: NotificationType,
    notification: Notification,
    tenant: Tenant,
    language: str,
    own: TemplateOverride | None = None,
) -> Content:
    """own: the workspace's words in that language, if it has any. Their mistakes cost no notification."""
    values = values_of(kind, notification.params, notification.actor_label, tenant)
    with override(language):
        return Content(
            title=" ".join(_render(kind.title, own.title if own else "", values).split()),
            body=_render(kind.body, own.body if own else "", values).strip(),
            action=_render(kind.action, own.action if own else "", values).strip(),
            url=tenant.url(render(kind.url, values)),
        )


def render(source: str | Promise, values: Mapping[str, Any]) -> str:
    """Raises LiquidError."""
    return parsed(str(source)).render(**values)


def _render(standard: str | Promise, own: str, values: Mapping[str, Any]) -> str:
    if own:
        try:
            return render(own, values)
        except LiquidError as error:
            # It was checked when it was saved: what it is about has other parts since.
            log.warning("notifications.own_words_failed", reason=str(error))
    return render(standard, values)
