"""Surveys: declared by code or made by staff, changed and paused, reported."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.accounts.models import Person
from apps.adoption import surveys
from apps.adoption.asking import outcome_count
from apps.adoption.checks import check_surveys
from apps.adoption.enums import PromptOutcome, SurveyKind, SurveyTrigger
from apps.adoption.models import Survey, SurveyAnswer
from apps.adoption.reports import answers_matching, survey_report
from apps.adoption.services import (
    survey_create,
    survey_delete,
    survey_pause,
    survey_update,
    surveys_sync,
)
from apps.adoption.surveys import Question, declare_surveys, surveys_asked
from apps.adoption.tasks import roll_up
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db


def question(code: str = "tests.nps", **kwargs: object) -> Question:
    return Question(
        **{
            "code": code,
            "kind": SurveyKind.NPS,
            "question": "How likely?",
            "trigger": SurveyTrigger.AFTER_DAYS,
            "days": 30,
            **kwargs,
        }
    )


def changes() -> list[str]:
    rows = OutboxEvent.objects.filter(name="adoption.survey_changed").order_by("position")
    return [f"{row.payload['code']} {row.payload['change']}" for row in rows]


def test_the_platforms_own_are_asked_from_the_first_hour_on() -> None:
    assert check_surveys() == []
    roll_up()
    assert [one.code for one in surveys_asked()] == ["platform.nps", "platform.setup"]


def test_code_says_what_it_declares() -> None:
    surveys._declared.clear()
    declare_surveys(question())
    surveys_sync(actor=SYSTEM)
    row = Survey.objects.get(code="tests.nps")
    survey_pause(actor=SYSTEM, survey_id=row.id, is_paused=True)
    with pytest.raises(Conflict):
        survey_update(actor=SYSTEM, survey_id=row.id, question=question(days=1))
    with pytest.raises(Conflict):
        survey_delete(actor=SYSTEM, survey_id=row.id)
    surveys._declared.clear()
    declare_surveys(question(days=60))
    for _time in range(2):
        surveys_sync(actor=SYSTEM)
    row.refresh_from_db()
    assert (row.days, row.is_paused) == (60, True)
    assert surveys_asked() == []
    surveys._declared.clear()
    surveys_sync(actor=SYSTEM)
    assert not Survey.objects.exists()
    assert changes() == [f"tests.nps {one}" for one in ("created", "paused", "updated", "deleted")]


def test_staff_make_change_pause_and_delete_one() -> None:
    surveys._declared.clear()
    row = survey_create(actor=SYSTEM, question=question())
    assert surveys_asked() == [question()]
    other = question(kind=SurveyKind.CSAT, trigger=SurveyTrigger.ON_PAGE, page="members", days=0)
    survey_update(actor=SYSTEM, survey_id=row.id, question=other)
    assert surveys_asked() == [other]
    survey_pause(actor=SYSTEM, survey_id=row.id, is_paused=True)
    survey_pause(actor=SYSTEM, survey_id=row.id, is_paused=True)
    assert surveys_asked() == []
    survey_pause(actor=SYSTEM, survey_id=row.id, is_paused=False)
    assert surveys_asked() == [other]
    survey_delete(actor=SYSTEM, survey_id=row.id)
    with pytest.raises(NotFound):
        survey_pause(actor=SYSTEM, survey_id=row.id, is_paused=True)
    assert changes() == [
        f"tests.nps {one}" for one in ("created", "updated", "paused", "resumed", "deleted")
    ]


@pytest.mark.parametrize(
    ("wrong", "attr"),
    [
        ({"code": "Wrong"}, "code"),
        ({"code": "platform.taken"}, "code"),
        ({"question": ""}, "question"),
        ({"question": "x" * 201}, "question"),
        ({"permission": "no.view_thing"}, "permission"),
        ({"days": 4000}, "days"),
        ({"trigger": SurveyTrigger.AFTER_USE, "feature": "no.thing"}, "feature"),
        ({"trigger": SurveyTrigger.ON_PAGE, "page": "no_page"}, "page"),
        ({"trigger": SurveyTrigger.ON_PAGE, "page": ""}, "page"),
    ],
)
def test_what_cannot_be_asked_is_refused(wrong: dict, attr: str) -> None:
    survey_create(actor=SYSTEM, question=question("platform.taken"))
    with pytest.raises(InvalidInput) as caught:
        survey_create(actor=SYSTEM, question=question(**wrong))
    assert caught.value.errors[0].attr == attr
    assert Survey.objects.count() == 1


def test_the_check_finds_what_is_never_asked() -> None:
    declare_surveys(
        question("tests.a", permission="no.view_thing"),
        question("tests.b", trigger=SurveyTrigger.AFTER_USE, feature="no.thing"),
        question("tests.c", trigger=SurveyTrigger.ON_PAGE, page="no_page"),
        question("wrong"),
    )
    assert [one.id for one in check_surveys()] == ["adoption.E003"] * 4
    with pytest.raises(ImproperlyConfigured, match="declared twice"):
        declare_surveys(question("tests.a"))


def test_only_staff(owner: Actor) -> None:
    row = Survey.objects.create(code="tests.x", kind="nps", question="?", trigger="after_days")
    acts: list[Callable[[], object]] = [
        lambda: surveys_sync(actor=owner),
        lambda: survey_create(actor=owner, question=question()),
        lambda: survey_update(actor=owner, survey_id=row.id, question=question()),
        lambda: survey_pause(actor=owner, survey_id=row.id, is_paused=True),
        lambda: survey_delete(actor=owner, survey_id=row.id),
        lambda: survey_report(owner, "tests.x"),
        lambda: answers_matching(owner, "tests.x"),
    ]
    for act in acts:
        with pytest.raises(PermissionDenied):
            act()
    assert Survey.objects.get().is_paused is False


def at(day: int) -> datetime:
    today = datetime.now(UTC)
    return today.replace(day=day)


def test_the_score_the_rate_and_the_trend() -> None:
    def counted(plan: str, outcome: PromptOutcome, *scores: int | None) -> None:
        for score in scores:
            outcome_count(survey="tests.nps", plan=plan, outcome=outcome, at=at(1), score=score)

    counted("gold", PromptOutcome.SHOWN, *[None] * 8)
    counted("", PromptOutcome.SHOWN, None, None)
    counted("gold", PromptOutcome.ANSWERED, 10, 9, 9, 8, 6)
    counted("", PromptOutcome.ANSWERED, 0)
    counted("gold", PromptOutcome.DISMISSED, None)
    report = survey_report(SYSTEM, "tests.nps")
    assert (report.whole.answers, report.whole.shown, report.whole.response_percent) == (6, 10, 60)
    # Three promoters, two detractors, of six.
    assert report.whole.score(SurveyKind.NPS) == 17
    assert report.whole.score(SurveyKind.CSAT) == 0
    assert [(plan, one.score(SurveyKind.NPS)) for plan, one in report.plans] == [
        ("gold", 40),
        ("", -100),
    ]
    month = datetime.now(UTC).date().replace(day=1)
    assert [(one, scores.answers) for one, scores in report.months] == [(month, 6)]
    empty = survey_report(SYSTEM, "tests.other").whole
    assert (empty.score(SurveyKind.NPS), empty.response_percent) == (None, None)


def test_csat() -> None:
    for score in (5, 4, 4, 3, 1):
        outcome_count(
            survey="tests.csat", plan="", outcome=PromptOutcome.ANSWERED, at=at(1), score=score
        )
    assert survey_report(SYSTEM, "tests.csat").whole.score(SurveyKind.CSAT) == 60


def test_comments_are_found_by_whole_words(acme: Tenant, globex: Tenant, alice: Person) -> None:
    for tenant, survey, comment in (
        (acme, "tests.nps", "Saves me an hour a day"),
        (globex, "tests.nps", "Too slow on phones"),
        (acme, "tests.nps", ""),
        (acme, "tests.other", "Saves money"),
    ):
        SurveyAnswer.objects.create(
            tenant=tenant, survey=survey, person_id=alice.id, score=9, comment=comment
        )

    def found(**kwargs: object) -> list[str]:
        return [one.comment for one in answers_matching(SYSTEM, "tests.nps", **kwargs)]

    assert found() == ["Too slow on phones", "Saves me an hour a day"]
    assert found(words="HOUR saves") == ["Saves me an hour a day"]
    assert found(words="hou") == []
    assert found(tenant_id=globex.id) == ["Too slow on phones"]
    assert len(found(with_comment=False)) == 3
