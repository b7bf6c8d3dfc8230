"""Tasks that were refused because of their tenant."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.console import rendering as r
from apps.console.acts import Act, ReasonForm
from apps.console.events import tenant_link, tenant_slug
from apps.console.pages import Cell, ConsolePage, Facts, Section, Text
from apps.events.dead_tasks import dead_task_discard, dead_task_send
from apps.events.enums import DeadTaskState
from apps.events.models import DeadTask

DEAD_TASK_ACTS = (
    Act(
        name="send",
        label="Send again",
        icon="replay",
        available=lambda task: task.state == DeadTaskState.DEAD,
        explain=lambda _task: [
            "The task goes into the queue again. It is refused again if nothing changed for its tenant."
        ],
        run=lambda actor, task, _data: dead_task_send(actor=actor, dead_task_id=task.pk),
        done=lambda task: f"{task.task} is in the queue again.",
        bulk=True,
    ),
    Act(
        name="discard",
        label="Discard",
        icon="delete",
        available=lambda task: task.state == DeadTaskState.DEAD,
        explain=lambda _task: ["The task never runs. The row stays, with your name and reason."],
        run=lambda actor, task, data: dead_task_discard(
            actor=actor, dead_task_id=task.pk, reason=data["reason"]
        ),
        done=lambda task: f"{task.task} will not run.",
        form=ReasonForm,
        dangerous=True,
        bulk=True,
    ),
)


class DeadTaskAdmin(ConsolePage):
    acts = DEAD_TASK_ACTS
    empty_text = (
        "A task for a workspace that is missing, deleted or closed does not run. It is kept here."
    )
    list_display = ("task", "tenant", "badge", "why", "refused")
    list_display_links = ("task",)
    list_filter = ("state", "created_at")
    search_fields = ("task", "reason", "request_id", "tenant_slug")
    search_help_text = "Task, tenant, reason or request"
    ordering = ("-created_at",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadTask]:
        found: QuerySet[DeadTask] = super().get_queryset(request)
        return found.annotate(tenant_slug=tenant_slug("tenant_id"))

    @display(description="Tenant", ordering="tenant_slug")
    def tenant(self, task: Any) -> Cell:
        return tenant_link(task.tenant_id, task.tenant_slug)

    @display(description="State", ordering="state")
    def badge(self, task: DeadTask) -> SafeString:
        return dead_task_badge(task)

    @display(description="Reason")
    def why(self, task: DeadTask) -> str:
        return task.reason

    @display(description="Refused", ordering="created_at")
    def refused(self, task: DeadTask) -> SafeString:
        return r.when(task.created_at)

    def title(self, obj: DeadTask) -> str:
        return obj.task

    def subtitle(self, obj: DeadTask) -> str:
        return obj.reason

    def badges(self, obj: DeadTask) -> Sequence[SafeString]:
        return (dead_task_badge(obj),)

    def sections(self, obj: Any) -> Sequence[Section]:
        rows: list[tuple[str, Cell]] = [
            ("Tenant", tenant_link(obj.tenant_id, obj.tenant_slug)),
            ("Refused", r.exact(obj.created_at)),
            ("Request", r.code(obj.request_id) if obj.request_id else r.NONE),
            ("Id", r.code(obj.pk)),
        ]
        if obj.note:
            rows.insert(0, ("Note", obj.note))
        return [
            Facts("Facts", rows),
            Text("Arguments", r.pretty({"args": obj.args, "kwargs": obj.kwargs})),
        ]


def dead_task_badge(task: DeadTask) -> SafeString:
    return r.badge(task.get_state_display(), r.DEAD_TASK_TONES[task.state])
