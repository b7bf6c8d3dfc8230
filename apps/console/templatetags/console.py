"""What the console's templates need beyond Django's."""

from datetime import datetime

from django import template
from django.db.models import Model
from django.utils.safestring import SafeString

from apps.console import rendering as r

register = template.Library()


@register.filter
def when(moment: datetime | None) -> SafeString:
    return r.when(moment)


@register.filter
def tenant_tone(status: str) -> str:
    return r.TENANT_TONES[status]


@register.filter
def console_link(instance: Model, text: str) -> SafeString:
    return r.link_to(instance, text)


@register.filter
def seconds(value: float | None) -> str:
    """A duration in its largest sensible unit: `0.4 s`, `12 s`, `3 min`, `5 h`, `2 days`."""
    if value is None:
        return "–"
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    if value < 7200:
        return f"{value / 60:.0f} min"
    if value < 172_800:
        return f"{value / 3600:.0f} h"
    return f"{value / 86_400:.0f} days"
