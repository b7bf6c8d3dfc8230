"""How the groups of handlers keep up, and handling again what was published in a time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from redis.exceptions import RedisError

from apps.common.errors import PlatformError
from apps.console import rendering as r
from apps.console.acts import show_errors, staff_actor
from apps.console.charts import Chart
from apps.console.pages import Cell, Section, Table
from apps.events.consumer import known_groups
from apps.events.replaying import group_replay
from apps.events.selectors import events_stats
from apps.events.streams import group_rates

MINUTES = 60
REPLAY_EXPLAINED = (
    "Every handler of the group gets what was published in this time again, in order, also what it has "
    "handled already. Mails may be sent twice."
)


@dataclass(frozen=True, slots=True)
class Rates(Section):
    """chart: what a group handled, by the minute."""

    chart: Chart
    kind: ClassVar[str] = "rates"


class ReplayForm(forms.Form):
    group = forms.ChoiceField(
        label="Group", choices=lambda: [(group, group) for group in known_groups()]
    )
    since = forms.DateTimeField(
        label="Published from",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    until = forms.DateTimeField(
        label="Published before",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="In your time zone. Events are kept for 30 days.",
    )


def streams_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """context: of the console's frame. Four statements, and three round trips to Redis."""
    stats = events_stats()
    waiting, oldest_s = stats["undispatched"], stats["oldest_undispatched_s"]
    return TemplateResponse(
        request,
        "console/detail.html",
        {
            **context,
            "title": "Streams",
            "heading": "Streams",
            "lead": f"{waiting} waiting for a relay, the oldest for {oldest_s} s"
            if waiting
            else "Nothing waits for a relay.",
            "badges": [_relay_badge(oldest_s)],
            "sections": [_groups(stats), _handlers(stats), *_rates(stats)],
            "acts": (),
        },
    )


def replay_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The query may propose a group. POST handles again and goes back to the streams."""
    now = timezone.localtime()
    form = ReplayForm(
        request.POST if request.method == "POST" else None,
        initial={
            "group": request.GET.get("group"),
            "since": now - timedelta(hours=1),
            "until": now,
        },
    )
    back = reverse("admin:streams")
    if form.is_valid():
        try:
            count = group_replay(actor=staff_actor(request), **form.cleaned_data)
        except PlatformError as error:
            if not show_errors(form, error):
                raise
        else:
            group = form.cleaned_data["group"]
            messages.success(request, f"{count} handlings of {group} are due again.")
            return redirect(back)
    return TemplateResponse(
        request,
        "console/act.html",
        {
            **context,
            "title": "Replay",
            "heading": "Replay",
            "explain": [REPLAY_EXPLAINED],
            "form": form,
            "act": {"label": "Replay", "dangerous": True},
            "back": back,
        },
    )


def _relay_badge(oldest_s: float | None) -> SafeString:
    if oldest_s is None or oldest_s < 5:
        return r.badge("Keeps up", "good")
    return r.badge("Behind", "warn" if oldest_s < 60 else "bad")


def _groups(stats: dict[str, Any]) -> Table:
    known = known_groups()
    return Table(
        "Groups of handlers",
        ("Group", "Not read", "Not finished", "Handled in the last minute", "Processes", ""),
        [
            (
                r.code(name),
                _count(row["lag"]),
                _count(row["unfinished"]),
                _count(row["per_minute"]),
                row["processes"] or r.badge("None", "bad"),
                _replay_link(name) if name in known else r.badge("Not of this release", "quiet"),
            )
            for name, row in stats["groups"].items()
        ],
        empty="No consumer has run yet.",
    )


def _handlers(stats: dict[str, Any]) -> Table:
    list_url = reverse("admin:events_handling_changelist")
    return Table(
        "Handlers with something open",
        ("Handler", "Pending", "Of these retried", "Oldest", "Dead letters"),
        [
            (
                r.link(f"{list_url}?handler={name}", name),
                row["pending"],
                row["retrying"],
                f"{row['oldest_pending_s']} s" if row["oldest_pending_s"] is not None else r.NONE,
                r.link(f"{list_url}?handler={name}&state__exact=dead", str(row["dead"]))
                if row["dead"]
                else 0,
            )
            for name, row in stats["handlers"].items()
            if row["pending"] or row["dead"]
        ],
        empty="Every event is handled.",
    )


def _rates(stats: dict[str, Any]) -> list[Rates]:
    try:
        rates = group_rates(MINUTES)
    except RedisError:
        return []  # the table says that Redis does not answer
    now = timezone.localtime().replace(second=0, microsecond=0)
    minutes = [now - timedelta(minutes=back) for back in reversed(range(MINUTES))]
    charts = {
        group: Chart([(at, one.get(group, 0)) for at, one in zip(minutes, rates, strict=True)])
        for group in stats["groups"]
    }
    return [
        Rates(f"{group}, events handled by the minute", chart) for group, chart in charts.items()
    ]


def _count(value: int | None) -> Cell:
    return r.badge("Redis does not answer", "bad") if value is None else value


def _replay_link(group: str) -> SafeString:
    return format_html(
        '<a class="c-link" href="{}?group={}">Replay …</a>', reverse("admin:streams_replay"), group
    )
