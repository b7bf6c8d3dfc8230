from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.common.actors import Actor
from apps.events.models import OutboxEvent
from apps.onboarding import declarations
from apps.onboarding.declarations import Step, Workflow
from apps.onboarding.enums import Audience
from apps.onboarding.selectors import checklist_for
from tests.api.client import api, bearer

__all__ = ["api", "bearer"]


@pytest.fixture(autouse=True)
def _registry() -> Iterator[None]:
    """What a test declares, or changes, is forgotten with it."""
    before = dict(declarations._workflows)
    yield
    declarations._workflows.clear()
    declarations._workflows.update(before)


def a_step(code: str, **kwargs: Any) -> Step:
    """Done by hand, at the settings."""
    return Step(
        **{
            "code": code,
            "title": code.title(),
            "help": f"Do {code}.",
            "url_name": "settings",
            "action": "Open",
            "by_hand": True,
            **kwargs,
        }
    )


def declare(*steps: Step, code: str = "tour", version: int = 1, **kwargs: Any) -> Workflow:
    """A workflow of the workspace, instead of one with this code."""
    one = Workflow(
        code=code,
        title="Tour",
        description="A tour.",
        version=version,
        steps=steps,
        **{"audience": Audience.TENANT, **kwargs},
    )
    declarations._workflows[code] = one
    return one


def shown(actor: Actor, code: str = "tour") -> dict[str, str]:
    """Statuses by step, as the actor sees them."""
    return {item.step.code: item.status.value for item in checklist_for(actor, code).items}


@pytest.fixture
def published(db: None) -> Callable[[], list[str]]:
    """Names of the events since the test began, in order."""
    last = OutboxEvent.objects.order_by("-position").first()
    start = last.position if last else 0
    return lambda: list(
        OutboxEvent.objects.filter(position__gt=start)
        .order_by("position")
        .values_list("name", flat=True)
    )
