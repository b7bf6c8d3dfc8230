"""What a workflow may be: graphs without circles, of things that there are."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.onboarding.checks import check_workflows
from apps.onboarding.declarations import ACTOR, Completion, Included, declare_workflows, workflows
from apps.onboarding.enums import Audience
from tests.onboarding.conftest import a_step, declare


def test_the_platforms_own_are_right() -> None:
    assert [one.code for one in workflows()] == ["workspace", "welcome"]
    assert check_workflows() == []


def test_steps_come_in_an_order_in_which_they_can_be_done() -> None:
    one = declare(
        a_step("last", after=("middle", "first")),
        a_step("middle", after=("first",)),
        a_step("apart"),
        a_step("first"),
    )
    assert [step.code for step in one.ordered] == ["apart", "first", "middle", "last"]


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({"a": ("a",)}, "a circle of a, a"),
        ({"a": ("c",), "b": ("a",), "c": ("b",)}, "a circle of "),
        ({"b": ("a", "nowhere")}, "b is after nowhere, which is no step of it"),
    ],
)
def test_what_cannot_be_done_is_refused_at_import(after: dict, words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        declare(*(a_step(code, after=after.get(code, ())) for code in "abc"))


def test_codes_are_had_once() -> None:
    with pytest.raises(ImproperlyConfigured, match="two steps have the same code"):
        declare(a_step("a"), a_step("a"))
    with pytest.raises(ImproperlyConfigured, match="codes have no dot"):
        declare(a_step("a"), code="a.b")
    one = declare(a_step("a"))
    declare_workflows(one)
    other = declare(a_step("b"), code="other")
    declare(a_step("a"))
    with pytest.raises(ImproperlyConfigured, match="tour is declared twice"):
        declare_workflows(one)
    assert other.step("b") is not None


@pytest.mark.parametrize(
    ("wrong", "number", "words"),
    [
        ({"applies": Included("no.thing")}, "E001", "where no.thing is included"),
        ({"url_name": "nowhere"}, "E002", "leads to 'nowhere'"),
        ({"url_name": "member"}, "E002", "leads to 'member'"),
        ({"url_name": "members", "is_public": True}, "E002", "leads to 'members'"),
        ({"permission": "no.view_thing"}, "E003", "needs no.view_thing"),
        ({"completed_by": (Completion("no.thing_done"),)}, "E004", "completed by no.thing_done"),
        ({"by_hand": False}, "E006", "can never be done"),
    ],
)
def test_the_check_finds_what_is_not_there(wrong: dict, number: str, words: str) -> None:
    declare(a_step("a", **wrong))
    (found,) = check_workflows()
    assert (found.id, words in found.msg) == (f"onboarding.{number}", True), found.msg


def test_the_check_finds_events_that_name_nobody() -> None:
    joined = "organizations.member_joined"
    for completion in (Completion(joined), Completion(joined, who="member_id")):
        declare(a_step("a", completed_by=(completion,)), audience=Audience.MEMBER)
        assert check_workflows() == []
    renamed = "tenants.tenant_renamed"
    declare(a_step("a", completed_by=(Completion(renamed, who=ACTOR),)), audience=Audience.MEMBER)
    assert check_workflows() == []
    declare(a_step("a", completed_by=(Completion(renamed),)), audience=Audience.MEMBER)
    (found,) = check_workflows()
    assert found.id == "onboarding.E005"


def test_the_check_looks_at_what_a_workflow_applies_to() -> None:
    declare(a_step("a"), applies=Included("no.thing"))
    (found,) = check_workflows()
    assert (
        found.msg == "The workflow tour applies where no.thing is included, which no app declares."
    )
