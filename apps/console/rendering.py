"""Small pieces of HTML for cells and facts; everything that comes from data is escaped."""

import json
from datetime import datetime
from typing import Any

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

NONE = format_html('<span class="c-none">{}</span>', "–")

TENANT_TONES = {
    "pending": "info",
    "provisioning": "info",
    "ready": "good",
    "suspended": "warn",
    "archived": "quiet",
    "deleting": "bad",
    "failed": "bad",
}
DEAD_TASK_TONES = {"dead": "bad", "sent": "good", "discarded": "quiet"}
HANDLING_TONES = {"pending": "info", "done": "good", "dead": "bad", "discarded": "quiet"}


def badge(text: str, tone: str) -> SafeString:
    """tone: good, info, warn, bad or quiet. The text says the same as the colour."""
    return format_html('<span class="c-badge c-badge-{}">{}</span>', tone, text)


def when(moment: datetime | None) -> SafeString:
    """Relative, with the exact time on hover."""
    if moment is None:
        return NONE
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        local.strftime("%Y-%m-%d %H:%M:%S %Z"),
        naturaltime(moment),
    )


def exact(moment: datetime | None) -> str:
    """Where the precise time is the point."""
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M %Z") if moment else "–"


def link_to(instance: Model, text: str | None = None) -> SafeString:
    """A link to an object's page in the console."""
    meta = instance._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[instance.pk])
    return link(url, text or str(instance))


def link(url: str, text: str) -> SafeString:
    return format_html('<a class="c-link" href="{}">{}</a>', url, text)


def code(text: object) -> SafeString:
    return format_html('<code class="c-code">{}</code>', text)


def yes_no(value: object) -> str:
    return "Yes" if value else "No"


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def both(first: SafeString, second: SafeString) -> SafeString:
    """Two things in one cell."""
    return format_html("{} · {}", first, second)
