"""Who is asked what, when, and how often."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.adoption.enums import SurveyKind, SurveyTrigger
from apps.adoption.models import FeatureUse, Survey, SurveyAnswer, SurveyAsked, SurveyCount
from apps.adoption.services import survey_pause
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import ImpersonationRefused, InvalidInput, NotFound
from apps.common.proofs import Impersonator, Proof
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.events.models import OutboxEvent
from apps.feedback.models import Prompt
from apps.feedback.services import (
    prompts_expire,
    survey_answer,
    survey_dismiss,
    survey_show,
)
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization
from apps.organizations.permissions import INVITE_MEMBER
from apps.organizations.services import member_join
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from tests.billing.rows import give_everything
from tests.conftest import SYSTEM
from tests.feedback.conftest import Ask

pytestmark = pytest.mark.django_db


def shown(actor: Actor, page: str = "") -> str | None:
    found = survey_show(actor=actor, page=page)
    return found.code if found else None


def days_pass(days: float) -> None:
    """For all that was asked."""
    ago = timedelta(days=days)
    with system_connection():
        for one in SurveyAsked.objects.all():
            SurveyAsked.objects.filter(id=one.id).update(asked_at=one.asked_at - ago)
    for prompt in Prompt.objects.all():
        later = prompt.later_until - ago if prompt.later_until else None
        Prompt.objects.filter(id=prompt.id).update(
            created_at=prompt.created_at - ago, later_until=later
        )


def test_days_after_they_joined(ask: Ask, owner: Actor) -> None:
    ask(days=30)
    for days, expected in ((29.9, None), (30, "tests.nps")):
        joined = timezone.now() - timedelta(days=days)
        Member.objects.filter(id=owner.member_id).update(created_at=joined)
        assert shown(owner) == expected


def test_after_a_use(ask: Ask, owner: Actor, acme: Tenant) -> None:
    ask(trigger=SurveyTrigger.AFTER_USE, feature="credits.budgets", kind=SurveyKind.CSAT)
    assert shown(owner) is None
    used = {"tenant": acme, "feature": "credits.budgets", "person_id": owner.person_id}
    long_ago = timezone.now().date() - timedelta(days=15)
    FeatureUse.objects.create(**used, day=long_ago, uses=1)
    assert shown(owner) is None
    FeatureUse.objects.create(**used, day=timezone.now().date(), uses=1)
    assert shown(owner) == "tests.nps"


def test_on_a_page(ask: Ask, owner: Actor) -> None:
    ask(trigger=SurveyTrigger.ON_PAGE, page="members")
    assert shown(owner) is None
    assert shown(owner, "roles") is None
    assert shown(owner, "members") == "tests.nps"
    # It stands there, and nowhere else.
    assert shown(owner) is None
    assert shown(owner, "members") == "tests.nps"


def test_the_audience(ask: Ask, owner: Actor, member: Actor) -> None:
    ask(permission=INVITE_MEMBER)
    assert (shown(owner), shown(member)) == ("tests.nps", None)


def test_who_is_never_asked(ask: Ask, owner: Actor, root: Organization) -> None:
    """Programs, and staff who act for somebody."""
    ask()
    support = replace(owner, proof=Proof(impersonator=Impersonator(root.id, "staff")))
    program = replace(owner, member_id=None, person_id=None)
    for actor in (support, program, SYSTEM):
        assert shown(actor) is None
    assert shown(owner) == "tests.nps"
    for act in (survey_dismiss, lambda **kwargs: survey_answer(**kwargs, score=9)):
        with pytest.raises(ImpersonationRefused):
            act(actor=support, survey="tests.nps")
        with pytest.raises(NotFound):
            act(actor=program, survey="tests.nps")
    assert not SurveyAnswer.objects.exists()


def test_what_is_paused_is_asked_nobody(ask: Ask, owner: Actor) -> None:
    ask()
    assert shown(owner) == "tests.nps"
    survey_pause(actor=SYSTEM, survey_id=Survey.objects.get().id, is_paused=True)
    assert shown(owner) is None
    with pytest.raises(NotFound):
        survey_answer(actor=owner, survey="tests.nps", score=9)


def test_one_thing_in_thirty_days_and_the_same_in_ninety(ask: Ask, owner: Actor) -> None:
    ask("tests.a")
    ask("tests.b")
    assert shown(owner) == "tests.a"
    survey_answer(actor=owner, survey="tests.a", score=9)
    for days, expected in ((0, None), (29.9, None), (0.2, "tests.b")):
        days_pass(days)
        assert shown(owner) == expected
    survey_dismiss(actor=owner, survey="tests.b")
    for days, expected in ((30, None), (29.8, None), (0.2, "tests.a")):
        days_pass(days)
        assert shown(owner) == expected, days


def test_the_caps_hold_in_all_workspaces(
    ask: Ask, owner: Actor, alice: Person, globex: Tenant
) -> None:
    ask("tests.a")
    ask("tests.b")
    with tenant_context(globex):
        member_join(
            actor=SYSTEM,
            person=alice,
            organization=Organization.objects.get(depth=1),
            roles=[role_by_code("member")],
        )
        assert shown(actor_for(alice)) == "tests.a"
    assert shown(owner) is None
    # What one was asked there cannot be answered here.
    with pytest.raises(NotFound):
        survey_answer(actor=owner, survey="tests.a", score=9)


def test_later_twice_and_then_no(
    ask: Ask, owner: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    ask()
    for _time in range(2):
        assert shown(owner) == "tests.nps"
        survey_dismiss(actor=owner, survey="tests.nps", is_later=True)
        assert shown(owner) is None
        days_pass(7)
    assert shown(owner) == "tests.nps"
    survey_dismiss(actor=owner, survey="tests.nps", is_later=True)
    prompt = Prompt.objects.get()
    assert (prompt.outcome, prompt.laters) == ("dismissed", 2)
    with pytest.raises(NotFound):
        survey_dismiss(actor=owner, survey="tests.nps")


def test_what_nobody_answers_expires(ask: Ask, owner: Actor) -> None:
    ask()
    assert shown(owner) == "tests.nps"
    days_pass(13.9)
    assert shown(owner) == "tests.nps"
    assert prompts_expire() == 0
    days_pass(0.2)
    assert shown(owner) is None
    assert prompts_expire() == 1
    assert Prompt.objects.get().outcome == "expired"


def test_answered_and_counted(
    ask: Ask, owner: Actor, member: Actor, acme: Tenant, published: Callable[[], list[str]]
) -> None:
    with system_connection():
        give_everything(acme)
    ask()
    assert (shown(owner), shown(member)) == ("tests.nps", "tests.nps")
    answer = survey_answer(actor=owner, survey="tests.nps", score=9, comment="  Quick.  ")
    assert (answer.person_id, answer.tenant_id) == (owner.person_id, acme.id)
    assert (answer.score, answer.comment, answer.plan) == (9, "Quick.", "gold")
    survey_dismiss(actor=member, survey="tests.nps")
    assert published() == [
        "feedback.survey_shown",
        "feedback.survey_shown",
        "feedback.survey_answered",
        "feedback.survey_dismissed",
    ]
    told = OutboxEvent.objects.get(name="feedback.survey_answered").payload
    assert "Quick" not in str(told)
    drain_once()
    with system_connection():
        rows = SurveyCount.objects.order_by("outcome").values_list(
            "survey", "plan", "outcome", "score", "count"
        )
        assert list(rows) == [
            ("tests.nps", "gold", "answered", 9, 1),
            ("tests.nps", "gold", "dismissed", None, 1),
            ("tests.nps", "gold", "shown", None, 2),
        ]
    with pytest.raises(NotFound):
        survey_answer(actor=owner, survey="tests.nps", score=9)


@pytest.mark.parametrize(
    ("kind", "score", "comment"),
    [
        (SurveyKind.NPS, 11, ""),
        (SurveyKind.NPS, -1, ""),
        (SurveyKind.CSAT, 0, ""),
        (SurveyKind.CSAT, 6, ""),
        (SurveyKind.NPS, 5, "x" * 2001),
    ],
)
def test_what_is_no_answer(
    ask: Ask, owner: Actor, kind: SurveyKind, score: int, comment: str
) -> None:
    ask(kind=kind)
    assert shown(owner) == "tests.nps"
    with pytest.raises(InvalidInput):
        survey_answer(actor=owner, survey="tests.nps", score=score, comment=comment)
    assert not SurveyAnswer.objects.exists()
    assert Prompt.objects.get().closed_at is None


def test_only_what_was_asked(ask: Ask, owner: Actor) -> None:
    ask()
    with pytest.raises(NotFound):
        survey_answer(actor=owner, survey="tests.nps", score=9)
    with pytest.raises(NotFound):
        survey_dismiss(actor=owner, survey="tests.nps")


@pytest.fixture
def published(db: None) -> Callable[[], list[str]]:
    """Names of the events since the test began, in order."""
    last = OutboxEvent.objects.order_by("-position").first()
    start = last.position if last else 0
    return lambda: list(
        OutboxEvent.objects.filter(position__gt=start, name__startswith="feedback.")
        .order_by("position")
        .values_list("name", flat=True)
    )
