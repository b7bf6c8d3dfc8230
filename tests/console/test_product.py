"""Onboarding, features and surveys in the console, over all tenants and of one."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Person
from apps.adoption.asking import outcome_count
from apps.adoption.enums import FunnelOutcome, PromptOutcome, SurveyKind, SurveyTrigger
from apps.adoption.funnels import Passage, passage_count
from apps.adoption.models import FeatureTotal, FeatureUse, Survey, SurveyAnswer
from apps.adoption.rollup import features_roll_up
from apps.adoption.services import survey_create, surveys_sync
from apps.adoption.surveys import Question
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM
from tests.console.conftest import tenant_rows

FIELDS = {
    "code": "tests.nps",
    "question": "How likely?",
    "kind": "nps",
    "permission": "",
    "trigger": "after_days",
    "days": "30",
    "feature": "",
    "page": "",
}


@pytest.fixture
def survey(db: None) -> Survey:
    return survey_create(
        actor=SYSTEM,
        question=Question(
            "tests.nps", SurveyKind.NPS, "How likely?", trigger=SurveyTrigger.AFTER_DAYS, days=30
        ),
    )


def answered(survey: Survey, tenant: Tenant, person: Person, score: int, comment: str) -> None:
    SurveyAnswer.objects.create(
        tenant=tenant,
        survey=survey.code,
        person_id=person.id,
        score=score,
        comment=comment,
        plan="gold",
    )
    now = timezone.now()
    for outcome, given in ((PromptOutcome.SHOWN, None), (PromptOutcome.ANSWERED, score)):
        outcome_count(survey=survey.code, plan="gold", outcome=outcome, at=now, score=given)


def test_the_funnel(console: Client) -> None:
    assert "No workflow has begun yet." in console.get("/console/onboarding/").content.decode()
    now = timezone.now()
    for _number in range(4):
        passage_count(Passage("workspace", 1, now, FunnelOutcome.STARTED))
    for step, outcome in (("name", "done"), ("name", "done"), ("invite", "skipped")):
        passage_count(Passage("workspace", 1, now, FunnelOutcome(outcome), step, 3600))
    passage_count(Passage("workspace", 1, now, FunnelOutcome.DONE, took_s=86_400))
    text = console.get("/console/onboarding/").content.decode()
    assert "Set up your workspace, version 1" in text
    assert "2 (50 %)" in text
    assert "1 (25 %)" in text
    assert "23.6 h" in text


def test_of_one_tenant(console: Client, acme: Tenant) -> None:
    text = console.get(f"/console/tenants/tenant/{acme.id}/onboarding/").content.decode()
    assert "Set up your workspace: version 1, 0 reminders" in text
    assert "Check name and address" in text
    assert "alice@acme.test" in text


def test_features(console: Client, acme: Tenant, alice: Person) -> None:
    text = console.get("/console/features/").content.decode()
    assert "Nothing that is counted was used yet." in text
    assert "Budgets of credits" in text
    day = timezone.now().date()
    FeatureUse.objects.create(
        tenant=acme, feature="credits.budgets", day=day, person_id=alice.id, uses=7
    )
    features_roll_up(actor=SYSTEM)
    text = console.get("/console/features/").content.decode()
    assert "1 (50 %)" in text
    assert "7 uses in 28 days, at most 7 on one day" in text
    inside = console.get(f"/console/tenants/tenant/{acme.id}/feedback/").content.decode()
    assert "Budgets of credits" in inside


def test_the_cost_does_not_grow_with_tenants(console: Client, alice: Person) -> None:
    def statements(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert console.get(path).status_code == 200
        return len(captured)

    paths = ("/console/features/", "/console/onboarding/")
    before = [statements(path) for path in paths]
    tenant_rows(30, alice)
    today = timezone.now().date()
    FeatureTotal.objects.bulk_create(
        FeatureTotal(
            feature="credits.budgets",
            day=today - timedelta(days=number),
            tenants=1,
            people=1,
            uses=1,
            tenants_window=1,
            people_window=1,
        )
        for number in range(28)
    )
    assert [statements(path) for path in paths] == before


def test_staff_make_change_pause_and_delete_a_survey(console: Client) -> None:
    made = console.post("/console/adoption/survey/create/", FIELDS)
    survey = Survey.objects.get()
    assert made["Location"] == f"/console/adoption/survey/{survey.pk}/"
    page = f"/console/adoption/survey/{survey.pk}/"
    changed = {**FIELDS, "kind": "csat", "trigger": "on_page", "page": "members"}
    console.post(f"{page}change/", changed)
    survey.refresh_from_db()
    assert (survey.kind, survey.trigger, survey.page, survey.days) == (
        "csat",
        "on_page",
        "members",
        0,
    )
    for act, expected in (("pause", True), ("resume", False)):
        console.post(f"{page}{act}/")
        survey.refresh_from_db()
        assert survey.is_paused is expected
    console.post(f"{page}delete/")
    assert not Survey.objects.exists()
    told = OutboxEvent.objects.filter(name="adoption.survey_changed").order_by("position")
    assert [one.payload["change"] for one in told] == [
        "created",
        "updated",
        "paused",
        "resumed",
        "deleted",
    ]
    assert {one.actor_label for one in told} == {"staff@platform.test"}


def test_what_cannot_be_asked_is_said_beside_its_field(console: Client, survey: Survey) -> None:
    for wrong, words in (
        ({}, "There is a survey with this code."),
        ({"code": "Wrong"}, "Use the form app.thing"),
        ({"code": "tests.b", "trigger": "on_page", "page": "nowhere"}, "no page of this name"),
        ({"code": "tests.b", "trigger": "after_use"}, "No app declares this feature."),
    ):
        page = console.post("/console/adoption/survey/create/", {**FIELDS, **wrong})
        assert words in page.content.decode()
    assert Survey.objects.count() == 1


def test_what_code_declares_is_paused_and_no_more(console: Client) -> None:
    surveys_sync(actor=SYSTEM)
    declared = Survey.objects.get(code="platform.nps")
    page = f"/console/adoption/survey/{declared.pk}/"
    text = console.get(page).content.decode()
    assert f"{page}pause/" in text
    assert f"{page}change/" not in text
    assert f"{page}delete/" not in text
    console.post(f"{page}delete/")
    assert Survey.objects.filter(code="platform.nps").exists()


def test_the_report(
    console: Client, survey: Survey, acme: Tenant, globex: Tenant, alice: Person, charlie: Person
) -> None:
    answered(survey, acme, alice, 10, "Saves me an hour")
    answered(survey, globex, charlie, 3, "<b>Slow</b> on phones")
    page = f"/console/adoption/survey/{survey.pk}/"
    text = console.get(page).content.decode()
    assert "of 2 who were asked" in text
    assert "100 %" in text
    assert "gold" in text
    assert "&lt;b&gt;Slow&lt;/b&gt; on phones" in text
    found = console.get(page, {"q": "hour"}).content.decode()
    assert "Saves me an hour" in found
    assert "on phones" not in found
    inside = console.get(f"/console/tenants/tenant/{globex.id}/feedback/").content.decode()
    assert "on phones" in inside
    assert "an hour" not in inside


def test_all_answers_as_csv(console: Client, survey: Survey, acme: Tenant, alice: Person) -> None:
    answered(survey, acme, alice, 9, "=1+1")
    answered(survey, acme, alice, 2, "")
    response = console.get(f"/console/adoption/survey/{survey.pk}/answers.csv")
    assert response["Content-Type"] == "text/csv"
    lines = b"".join(response.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "time,workspace,plan,score,comment"
    assert lines[1].endswith(",acme,gold,9,'=1+1")
    assert lines[2].endswith(",acme,gold,2,")
