"""How those do that the platform asks, and having a provider asked again."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from redis.exceptions import RedisError

from apps.common.breakers import Status
from apps.common.errors import PlatformError
from apps.console import rendering as r
from apps.console.acts import show_errors, staff_actor
from apps.console.pages import Cell, Section, Table
from apps.console.suppressions import NoteForm
from apps.console.upstreams import upstream_sections
from apps.messaging.operating import ProviderStatus, provider_reset, providers_status
from apps.messaging.providers import providers

HEADERS = ("Provider", "Channel", "State", "Last hour", "Last error", "")
RESET_EXPLAINED = (
    "It is asked again at once, by everybody. If it fails as before, it is left alone again soon."
)
STATES = {
    "closed": ("Works", "good"),
    "open": ("Not asked", "bad"),
    "half_open": ("Tried once", "warn"),
}


class ResetForm(NoteForm):
    provider = forms.ChoiceField(
        label="Provider", choices=lambda: [(one.name, one.name) for one in providers()]
    )
    field_order = ("provider", "note")


def providers_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """context: of the console's frame. Two round trips to Redis for each of them."""
    try:
        found = providers_status(staff_actor(request))
    except RedisError:
        badge, sections = r.badge("Unknown: Redis does not answer", "bad"), []
    else:
        badge = _summary(found)
        sections = [_table(found), *upstream_sections()]
    return TemplateResponse(
        request,
        "console/detail.html",
        {
            **context,
            "title": "Providers",
            "heading": "Providers",
            "lead": "Who sends e-mail and SMS, in the order of trying, and everybody else that is asked.",
            "badges": [badge],
            "sections": sections,
            "acts": (),
        },
    )


def reset_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The query may propose a provider. POST resets it and goes back to the list."""
    form = ResetForm(
        request.POST if request.method == "POST" else None,
        initial={"provider": request.GET.get("provider")},
    )
    back = reverse("admin:providers")
    if form.is_valid():
        name = form.cleaned_data["provider"]
        try:
            provider_reset(actor=staff_actor(request), name=name, note=form.cleaned_data["note"])
        except PlatformError as error:
            if not show_errors(form, error):
                raise
        else:
            messages.success(request, f"{name} is asked again.")
            return redirect(back)
    return TemplateResponse(
        request,
        "console/act.html",
        {
            **context,
            "title": "Reset",
            "heading": "Reset",
            "explain": [RESET_EXPLAINED],
            "form": form,
            "act": {"label": "Reset", "dangerous": False},
            "back": back,
        },
    )


def _summary(found: list[ProviderStatus]) -> SafeString:
    away = sum(one.status.state != "closed" for one in found)
    if not away:
        return r.badge("All work", "good")
    return r.badge(f"{away} of {len(found)} away", "bad" if away == len(found) else "warn")


def _table(found: list[ProviderStatus]) -> Section:
    return Table(
        "In use",
        HEADERS,
        [
            (
                format_html("{} {}", r.code(one.name), "" if one.place == 1 else "(steps in)"),
                one.channel,
                _state(one.status),
                f"{one.status.succeeded:,} sent, {one.status.failed:,} failed",
                _error(one.status),
                r.link(f"{reverse('admin:providers_reset')}?provider={one.name}", "Reset"),
            )
            for one in found
        ],
        "No provider is configured.",
    )


def _state(status: Status) -> Cell:
    badge = r.badge(*STATES[status.state])
    return r.both(badge, r.when(status.open_until)) if status.state == "open" else badge


def _error(status: Status) -> Cell:
    if status.error_at is None:
        return r.NONE
    return format_html("{} · {}", r.when(status.error_at), status.error.splitlines()[0][:120])
