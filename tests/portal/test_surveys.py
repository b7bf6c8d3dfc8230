"""The question on a page: answered, put off or dismissed, without a script."""

from collections.abc import Iterator

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.adoption import surveys
from apps.adoption.enums import SurveyKind, SurveyTrigger
from apps.adoption.models import SurveyAnswer
from apps.adoption.services import survey_create
from apps.adoption.surveys import Question
from apps.common.tenancy import tenant_context
from apps.feedback.models import Prompt
from apps.portal.surveys import PAGES
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db
QUESTION = "How satisfied are you with the members’ page?"


@pytest.fixture(autouse=True)
def _pages() -> Iterator[None]:
    """What a process knows of pages, and what code declares, is forgotten."""
    before = dict(surveys._declared)
    surveys._declared.clear()
    PAGES.forget()
    yield
    surveys._declared.update(before)
    PAGES.forget()


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


def ask(trigger: SurveyTrigger = SurveyTrigger.AFTER_DAYS, page: str = "") -> None:
    survey_create(
        actor=SYSTEM,
        question=Question("tests.csat", SurveyKind.CSAT, QUESTION, trigger=trigger, page=page),
    )


def outcomes(acme: Tenant) -> list[str]:
    with tenant_context(acme):
        return list(Prompt.objects.order_by("id").values_list("outcome", flat=True))


def test_answered_on_the_dashboard(client: Client, acme: Tenant) -> None:
    ask()
    page = client.get("/")
    text = page.content.decode()
    assert QUESTION in text
    assert [f'value="{score}"' in text for score in range(7)] == [False, *[True] * 5, False]
    assert read(page.content).problems == []
    assert QUESTION not in client.get("/members/").content.decode()
    given = {"score": "4", "comment": "Quick.", "next": "/?from=here"}
    answered = client.post("/surveys/tests.csat/answer/", given)
    assert answered["Location"] == "/?from=here"
    assert QUESTION not in client.get("/").content.decode()
    answer = SurveyAnswer.objects.get()
    assert (answer.score, answer.comment, answer.tenant_id) == (4, "Quick.", acme.id)
    assert outcomes(acme) == ["answered"]


def test_on_its_own_page(client: Client, acme: Tenant) -> None:
    ask(SurveyTrigger.ON_PAGE, "members")
    assert QUESTION not in client.get("/").content.decode()
    assert outcomes(acme) == []
    assert QUESTION in client.get("/members/").content.decode()
    assert QUESTION not in client.get("/roles/").content.decode()


@pytest.mark.parametrize("score", ["", "0", "6", "-1", "many", "٤"])
def test_what_is_no_answer_is_said(client: Client, acme: Tenant, score: str) -> None:
    ask()
    client.get("/")
    page = client.post("/surveys/tests.csat/answer/", {"score": score}, follow=True)
    assert "Choose a number from 1 to 5." in page.content.decode()
    assert QUESTION in page.content.decode()
    assert not SurveyAnswer.objects.exists()


def test_put_off_and_dismissed(client: Client, acme: Tenant) -> None:
    ask()
    client.get("/")
    gone = client.post("/surveys/tests.csat/dismiss/", {"later": "1", "next": "//evil.test"})
    assert gone["Location"] == "/"
    assert QUESTION not in client.get("/").content.decode()
    assert outcomes(acme) == ["shown"]
    client.post("/surveys/tests.csat/dismiss/")
    assert outcomes(acme) == ["dismissed"]
    assert client.post("/surveys/tests.csat/dismiss/").status_code == 404


def test_nobody_answers_for_others(
    client: Client, sign_in: SignIn, bob: Person, acme: Tenant
) -> None:
    ask()
    client.get("/")
    assert sign_in(bob, acme).post("/surveys/tests.csat/answer/", {"score": 1}).status_code == 404
    assert not SurveyAnswer.objects.exists()
