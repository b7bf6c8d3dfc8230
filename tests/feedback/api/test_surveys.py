"""`surveys/`: for clients that ask themselves."""

from collections.abc import Callable

import pytest

from apps.accounts.models import Person
from apps.adoption.enums import SurveyTrigger
from apps.adoption.models import SurveyAnswer
from apps.common.tenancy import tenant_context
from apps.feedback.models import Prompt
from apps.organizations.actors import actor_for
from apps.tenants.models import Tenant
from tests.api.client import Api
from tests.feedback.conftest import Ask
from tests.roles.support import by_key, make_key

pytestmark = pytest.mark.django_db
AllApi = Callable[..., Api]


def test_asked_and_answered(ask: Ask, api: AllApi, alice: Person, acme: Tenant) -> None:
    call = api(alice)
    assert call.get("surveys/prompt/").json() == {"survey": None}
    ask()
    for _time in range(2):
        assert call.get("surveys/prompt/").json() == {
            "survey": {
                "code": "tests.nps",
                "kind": "nps",
                "question": "How likely (tests.nps)?",
                "lowest": 0,
                "highest": 10,
                "lowest_label": "Not at all likely",
                "highest_label": "Extremely likely",
            }
        }
    answer = call.post("surveys/tests.nps/responses/", {"score": 9, "comment": "Quick."})
    assert answer.status_code == 201
    assert (answer.json()["score"], answer.json()["comment"]) == (9, "Quick.")
    assert call.post("surveys/tests.nps/responses/", {"score": 9}).status_code == 404
    assert call.get("surveys/prompt/").json() == {"survey": None}
    assert SurveyAnswer.objects.get().tenant_id == acme.id


def test_on_a_page(ask: Ask, api: AllApi, alice: Person) -> None:
    ask(trigger=SurveyTrigger.ON_PAGE, page="members")
    assert api(alice).get("surveys/prompt/").json() == {"survey": None}
    assert api(alice).get("surveys/prompt/", page="members").json()["survey"] is not None


def test_put_off_and_dismissed(ask: Ask, api: AllApi, alice: Person, acme: Tenant) -> None:
    ask()
    call = api(alice)
    assert call.post("surveys/tests.nps/dismiss/").status_code == 404
    call.get("surveys/prompt/")
    assert call.post("surveys/tests.nps/dismiss/", {"is_later": True}).status_code == 204
    assert call.get("surveys/prompt/").json() == {"survey": None}
    assert call.post("surveys/tests.nps/dismiss/").status_code == 204
    with tenant_context(acme):
        prompt = Prompt.objects.get()
        assert (prompt.outcome, prompt.laters) == ("dismissed", 1)


def test_what_is_no_answer(ask: Ask, api: AllApi, alice: Person) -> None:
    ask()
    call = api(alice)
    call.get("surveys/prompt/")
    for body in ({}, {"score": 11}, {"score": "many"}, {"score": 5, "comment": "x" * 2001}):
        assert call.post("surveys/tests.nps/responses/", body).status_code == 400
    assert not SurveyAnswer.objects.exists()


def test_others(
    ask: Ask, api: AllApi, alice: Person, bob: Person, charlie: Person, acme: Tenant
) -> None:
    ask()
    assert api(None).get("surveys/prompt/").status_code == 401
    assert api(charlie).get("surveys/prompt/").status_code == 404
    api(alice).get("surveys/prompt/")
    # What alice is asked is not bob's to answer.
    assert api(bob).post("surveys/tests.nps/responses/", {"score": 1}).status_code == 404
    with tenant_context(acme):
        made = make_key(actor_for(alice))
    program = by_key(made.text, acme)
    assert program.get("surveys/prompt/").json() == {"survey": None}
    assert program.post("surveys/tests.nps/responses/", {"score": 1}).status_code == 404
    assert not SurveyAnswer.objects.exists()
