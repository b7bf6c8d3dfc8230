"""The platform's schedules."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.console import rendering as r
from apps.console.acts import Act, ActForm, ReasonForm
from apps.console.pages import Cell, ConsolePage, Facts, Section, Text
from apps.schedules.declared import declared
from apps.schedules.models import Schedule
from apps.schedules.selectors import declared_timing, schedule_timing
from apps.schedules.services import (
    MAX_INTERVAL_S,
    schedule_pause,
    schedule_resume,
    schedule_run,
    schedule_set_interval,
)


class IntervalForm(ActForm):
    interval_s = forms.IntegerField(
        label=_("Seconds between two runs"),
        required=False,
        min_value=1,
        max_value=MAX_INTERVAL_S,
        help_text=_("Leave it empty for what the code declares."),
    )


def explain_interval(schedule: Any) -> Sequence[str]:
    """Not offered for a selection: there is always one."""
    return [
        f"Declared: {declared_timing(schedule)}. Now: {schedule_timing(schedule)}.",
        "What you choose stays, also with a new release.",
    ]


SCHEDULE_ACTS = (
    Act(
        name="run",
        label="Run now",
        icon="play_arrow",
        available=lambda schedule: not schedule.is_paused,
        explain=lambda _schedule: ["The task is queued within a second or two, by beat."],
        run=lambda actor, schedule, _data: schedule_run(actor=actor, name=schedule.name),
        done=lambda schedule: f"{schedule.name} is due now.",
        bulk=True,
    ),
    Act(
        name="interval",
        label="Change interval",
        icon="timer",
        available=lambda _schedule: True,
        explain=explain_interval,
        run=lambda actor, schedule, data: schedule_set_interval(
            actor=actor, name=schedule.name, interval_s=data["interval_s"]
        ),
        done=lambda schedule: f"The interval of {schedule.name} is changed.",
        form=IntervalForm,
    ),
    Act(
        name="pause",
        label="Pause",
        icon="pause",
        available=lambda schedule: not schedule.is_paused,
        explain=lambda _schedule: [
            "Its task is not started any more until somebody resumes it, also after restarts.",
            "What is under way is not stopped.",
        ],
        run=lambda actor, schedule, data: schedule_pause(
            actor=actor, name=schedule.name, reason=data["reason"]
        ),
        done=lambda schedule: f"{schedule.name} is paused.",
        form=ReasonForm,
        dangerous=True,
        bulk=True,
    ),
    Act(
        name="resume",
        label="Resume",
        icon="resume",
        available=lambda schedule: schedule.is_paused,
        explain=lambda _schedule: ["Its task is started again: at once if it was due meanwhile."],
        run=lambda actor, schedule, _data: schedule_resume(actor=actor, name=schedule.name),
        done=lambda schedule: f"{schedule.name} is resumed.",
        bulk=True,
    ),
)


class ScheduleAdmin(ConsolePage):
    acts = SCHEDULE_ACTS
    empty_text = "Beat makes the rows at its first start. Does it run?"
    list_display = ("name", "badge", "interval", "last", "took", "following")
    list_display_links = ("name",)
    list_filter = ("is_paused",)
    search_fields = ("name",)
    search_help_text = "Name"
    ordering = ("name",)

    @display(description="State", ordering="is_paused")
    def badge(self, schedule: Schedule) -> SafeString:
        return schedule_badge(schedule)

    @display(description="Runs")
    def interval(self, schedule: Schedule) -> str:
        return schedule_timing(schedule)

    @display(description="Last sent", ordering="last_sent_at")
    def last(self, schedule: Schedule) -> SafeString:
        return r.when(schedule.last_sent_at)

    @display(description="Took", ordering="last_duration_ms")
    def took(self, schedule: Schedule) -> Cell:
        return duration(schedule)

    @display(description="Next", ordering="next_at")
    def following(self, schedule: Schedule) -> SafeString:
        return r.NONE if schedule.is_paused else r.when(schedule.next_at)

    def badges(self, obj: Schedule) -> Sequence[SafeString]:
        return (schedule_badge(obj),)

    def sections(self, obj: Schedule) -> Sequence[Section]:
        known = declared().get(obj.name)
        rows: list[tuple[str, Cell]] = [
            ("Task", r.code(known.task) if known else r.NONE),
            ("Runs", schedule_timing(obj)),
            ("Declared", declared_timing(obj)),
            ("Next", "–" if obj.is_paused else r.exact(obj.next_at)),
            ("Last sent", r.exact(obj.last_sent_at)),
            ("Last finished", r.exact(obj.last_finished_at)),
            ("Took", duration(obj)),
        ]
        if obj.is_paused:
            rows.append(("Paused because", obj.pause_reason))
        error = [Text("Error of the last run", obj.last_error)] if obj.last_error else []
        return [Facts("Facts", rows), *error]


def duration(schedule: Schedule) -> Cell:
    return r.NONE if schedule.last_duration_ms is None else f"{schedule.last_duration_ms:,} ms"


def schedule_badge(schedule: Schedule) -> SafeString:
    if schedule.is_paused:
        return r.badge("Paused", "warn")
    if schedule.last_error:
        return r.badge("Failed", "bad")
    if schedule.last_sent_at is None:
        return r.badge("Not run yet", "quiet")
    return r.badge("Active", "good")
