"""The ledger against a model of it. `make chaos` takes ten thousand steps."""

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.credits.machine import CLOCK, LedgerMachine

STEPS = 40
EXAMPLES = 5


def held_against_the_model(
    monkeypatch: pytest.MonkeyPatch, *, examples: int, is_random: bool = False
) -> None:
    """Without shrinking, which takes longer than it helps: a step that goes wrong stands at the end."""
    monkeypatch.setattr(timezone, "now", lambda: CLOCK["now"])
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            derandomize=not is_random,
            phases=[Phase.generate],
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("inside")
def test_the_ledger_does_what_the_model_does(monkeypatch: pytest.MonkeyPatch) -> None:
    held_against_the_model(monkeypatch, examples=EXAMPLES)
