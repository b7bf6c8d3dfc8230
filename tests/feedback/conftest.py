from collections.abc import Callable, Iterator

import pytest

from apps.adoption import surveys
from apps.adoption.enums import SurveyKind, SurveyTrigger
from apps.adoption.services import survey_create
from apps.adoption.surveys import Question
from tests.api.client import api, bearer
from tests.conftest import SYSTEM

__all__ = ["api", "bearer"]


@pytest.fixture(autouse=True)
def _registry() -> Iterator[None]:
    """Nothing is asked but what a test makes."""
    before = dict(surveys._declared)
    surveys._declared.clear()
    yield
    surveys._declared.update(before)


Ask = Callable[..., Question]


@pytest.fixture
def ask(db: None) -> Ask:
    """`ask("tests.nps", days=30)`: people are asked it, by default from their first day on."""

    def make(code: str = "tests.nps", **kwargs: object) -> Question:
        question = Question(
            **{
                "code": code,
                "kind": SurveyKind.NPS,
                "question": f"How likely ({code})?",
                "trigger": SurveyTrigger.AFTER_DAYS,
                **kwargs,
            }
        )
        survey_create(actor=SYSTEM, question=question)
        return question

    return make
