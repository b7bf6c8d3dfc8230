"""Workflows, declared in code: steps that build on each other. Each app has its own in its workflows.py.

What cannot work is refused: circles, unknown and double steps at import; events, pages, permissions and
entitlements that there are not by `manage.py check` (apps/onboarding/checks.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from apps.billing.selectors import plan_of
from apps.common import entitlements
from apps.common.tenancy import TenantRef
from apps.onboarding.enums import Audience
from apps.organizations.models import Member

# Of a Completion: who did it, and not whom a field of the event names.
ACTOR = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose workflow it is. member: None for the workspace's."""

    tenant: TenantRef
    member: Member | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """An event by which a step is done. when: given the event, whether this one counts.

    who: of a member's workflow: the event's field with the person's id or, as `member_id`, the member's;
    or ACTOR.
    """

    event: str
    when: Callable[[Any], bool] | None = None
    who: str = "person_id"


@dataclass(frozen=True, slots=True)
class Included:
    """Applies where the plan includes an entitlement."""

    entitlement: str

    def __call__(self, tenant: TenantRef) -> bool:
        return entitlements.has(tenant, self.entitlement)


@dataclass(frozen=True, slots=True)
class OnPlan:
    """Applies to workspaces that have one of these plans. Empty: those that have none."""

    plans: tuple[str, ...]

    def __call__(self, tenant: TenantRef) -> bool:
        held = plan_of(tenant.id)
        return held.plan_version.plan.code in self.plans if held else not self.plans


Applies = Callable[[TenantRef], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do.

    code: lasting: what is done is kept by it. url_name: the page where it is done, without arguments; of
    the public site, if is_public. action: the words of the link to it. permission: without it nobody is
    shown the step; None: everybody may. after: codes of steps that have to be done or skipped before.
    completed_by: events. by_hand: somebody may say that it is done. is_required: it cannot be skipped.
    applies: to which workspaces, asked within them. is_done: whether it is true already; asked when the
    workflow begins, gets another version, or stands still.
    """

    code: str
    title: str | Promise
    help: str | Promise
    url_name: str
    action: str | Promise
    permission: str | None = None
    is_public: bool = False
    after: tuple[str, ...] = ()
    completed_by: tuple[Completion, ...] = ()
    by_hand: bool = False
    is_required: bool = False
    applies: Applies | None = None
    is_done: Callable[[Subject], bool] | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """code: lasting, without a dot. version: raised with every change of the steps.

    applies: to which workspaces. reopens: who has completed an older version has this one's new steps
    before them; else what is complete stays so.
    Raises ImproperlyConfigured for steps that are double, not there, or wait for each other in a circle.
    """

    code: str
    audience: Audience
    title: str | Promise
    description: str | Promise
    version: int
    steps: tuple[Step, ...]
    applies: Applies | None = None
    reopens: bool = False
    order: int = 50
    # In the order of the declaration, but none before those that it builds on.
    ordered: tuple[Step, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        codes = [step.code for step in self.steps]
        if len(set(codes)) != len(codes):
            raise ImproperlyConfigured(f"workflow {self.code}: two steps have the same code")
        for step in self.steps:
            if unknown := set(step.after) - set(codes):
                raise ImproperlyConfigured(
                    f"workflow {self.code}: {step.code} is after {', '.join(sorted(unknown))}, "
                    "which is no step of it"
                )
        if self.version < 1 or "." in self.code:
            raise ImproperlyConfigured(
                f"workflow {self.code}: versions start at 1, codes have no dot"
            )
        object.__setattr__(self, "ordered", tuple(self._sorted()))

    def _sorted(self) -> Iterator[Step]:
        """Step by step, the first of the declaration that may come next."""
        sorter = TopologicalSorter({step.code: step.after for step in self.steps})
        try:
            sorter.prepare()
        except CycleError as error:
            circle = ", ".join(error.args[1])
            raise ImproperlyConfigured(f"workflow {self.code}: a circle of {circle}") from error
        ready: set[str] = set(sorter.get_ready())
        while ready:
            step = next(step for step in self.steps if step.code in ready)
            yield step
            ready.remove(step.code)
            sorter.done(step.code)
            ready.update(sorter.get_ready())

    def step(self, code: str) -> Step | None:
        return next((step for step in self.steps if step.code == code), None)

    def key(self, step: Step) -> str:
        """By which pages and programs know it."""
        return f"{self.code}.{step.code}"


_workflows: dict[str, Workflow] = {}


def declare_workflows(*workflows: Workflow) -> None:
    """Called by an app's `workflows.py`, when it is imported at the start. Raises ImproperlyConfigured."""
    for one in workflows:
        if _workflows.setdefault(one.code, one) is not one:
            raise ImproperlyConfigured(f"the workflow {one.code} is declared twice")


def workflows(audience: Audience | None = None) -> list[Workflow]:
    """In the order that they are shown in."""
    found = [one for one in _workflows.values() if audience in (None, one.audience)]
    return sorted(found, key=lambda one: (one.order, one.code))


def workflow(code: str) -> Workflow | None:
    return _workflows.get(code)


def step_by_key(key: str) -> tuple[Workflow, Step] | None:
    """key: `workflow.step`."""
    code, _dot, rest = key.partition(".")
    one = _workflows.get(code)
    step = one.step(rest) if one else None
    return (one, step) if one and step else None


def completions() -> dict[str, list[tuple[Workflow, Step, Completion]]]:
    """By event: which steps it may be the end of."""
    found: dict[str, list[tuple[Workflow, Step, Completion]]] = {}
    for one in workflows():
        for step in one.steps:
            for completion in step.completed_by:
                found.setdefault(completion.event, []).append((one, step, completion))
    return found
