"""How workflows are gone through over all tenants, and how far one tenant is."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.adoption.funnels import Counted, Funnel, funnels
from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.acts import staff_actor
from apps.console.pages import Cell, Section, Table
from apps.console.revenue import Notes, Stat, Stats
from apps.onboarding.declarations import Workflow, workflow
from apps.onboarding.enums import StepStatus
from apps.onboarding.models import StepState, WorkflowRun
from apps.onboarding.selectors import applying, statuses
from apps.organizations.models import Member
from apps.tenants.models import Tenant

MONTHS = 12
SHOWN = 100
TONES = {
    StepStatus.DONE: "good",
    StepStatus.SKIPPED: "quiet",
    StepStatus.OPEN: "info",
    StepStatus.BLOCKED: "quiet",
}
NOTES = (
    f"Workflows that began in the last {MONTHS} months, by the version that they began with.",
    "A step that was skipped first and done later counts in both.",
    "Medians are from the beginning of the workflow, to within 10 %. Of what was true at the beginning: 0 s.",
)


def funnel_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """context: of the console's frame. One statement."""
    since = timezone.now().date() - timedelta(days=30 * (MONTHS - 1))
    found = funnels(staff_actor(request), since=since)
    sections: list[Section] = []
    for funnel in found:
        sections += _funnel(funnel)
    if not found:
        sections = [Table("Workflows", ("Step",), [], empty="No workflow has begun yet.")]
    return TemplateResponse(
        request,
        "console/detail.html",
        {
            **context,
            "title": "Onboarding",
            "heading": "Onboarding",
            "lead": "How far people get with setting up, over all tenants.",
            "badges": [],
            "sections": [*sections, Notes("", NOTES)],
            "acts": (),
        },
    )


def _funnel(funnel: Funnel) -> list[Section]:
    one = workflow(funnel.workflow)
    title = f"{one.title if one else funnel.workflow}, version {funnel.version}"
    whole = funnel.whole
    return [
        Stats(
            title,
            [
                Stat("Started", f"{funnel.started:,}", title),
                Stat("Completed", f"{whole.done:,}", _percent(whole.done, funnel.started)),
                Stat("Median time", duration(whole.median_s), "From the beginning to the end"),
            ],
        ),
        Table(
            title,
            ("Step", "Done", "Skipped", "Left open", "Median time"),
            [_step(funnel, one, code, funnel.steps[code]) for code in _codes(funnel, one)],
            empty="No step was done or skipped yet.",
        ),
    ]


def _codes(funnel: Funnel, one: Workflow | None) -> list[str]:
    """Declared ones in their order, then those of older versions."""
    declared = [step.code for step in one.ordered] if one else []
    return [*declared, *sorted(set(funnel.steps) - set(declared))]


def _step(funnel: Funnel, one: Workflow | None, code: str, counted: Counted) -> Sequence[Cell]:
    step = one.step(code) if one else None
    left = max(0, funnel.started - counted.done - counted.skipped)
    return (
        str(step.title) if step else code,
        f"{counted.done:,} ({_percent(counted.done, funnel.started)})",
        f"{counted.skipped:,} ({_percent(counted.skipped, funnel.started)})",
        f"{left:,}",
        duration(counted.median_s),
    )


def _percent(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)} %" if whole else "–"


def duration(seconds: float | None) -> str:
    """In the largest unit that leaves at least one."""
    if seconds is None:
        return "–"
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def onboarding_sections(tenant: Tenant) -> list[Section]:
    """The workspace's workflows with their steps, and those of members. Three statements, in the tenant."""
    with tenant_context(tenant):
        runs = list(WorkflowRun.objects.filter(member=None).order_by("id"))
        decided: dict[Any, dict[str, StepState]] = {run.id: {} for run in runs}
        for state in StepState.objects.filter(run__member=None):
            decided[state.run_id][state.step] = state
        own = list(
            WorkflowRun.objects.exclude(member=None)
            .select_related("member")
            .order_by("-progressed_at")[:SHOWN]
        )
        sections: list[Section] = []
        for run in runs:
            one = workflow(run.workflow)
            if one is not None:
                by_code = {code: state.status for code, state in decided[run.id].items()}
                found = statuses(one, by_code, applying(one, tenant.ref))
                rows = [
                    _status_row(one, code, status, decided[run.id].get(code))
                    for code, status in found.items()
                ]
                sections.append(
                    Table(_run_title(one, run), ("Step", "State", "When"), rows, empty="No step.")
                )
    return [
        *sections,
        Table(
            "People",
            ("Member", "Workflow", "Began", "Last progress", "Completed", "Reminders"),
            [_own_row(run) for run in own],
            empty="Nobody has begun yet.",
        ),
    ]


def _run_title(one: Workflow, run: WorkflowRun) -> str:
    state = "complete" if run.completed_at else f"{run.nudges} reminders"
    return f"{one.title}: version {run.version}, {state}"


def _status_row(
    one: Workflow, code: str, status: StepStatus, state: StepState | None
) -> Sequence[Cell]:
    step = one.step(code)
    return (
        str(step.title) if step else code,
        r.badge(str(status.label), TONES[status]),
        r.when(state.decided_at) if state and status in ("done", "skipped") else r.NONE,
    )


def _own_row(run: WorkflowRun) -> Sequence[Cell]:
    one = workflow(run.workflow)
    member: Member | None = run.member
    return (
        member.email if member else r.NONE,
        str(one.title) if one else run.workflow,
        r.when(run.created_at),
        r.when(run.progressed_at),
        r.when(run.completed_at),
        run.nudges,
    )
