"""The checklists on the dashboard, the guided setup, and the way back to it."""

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.onboarding.life import workflows_start
from apps.onboarding.models import Dismissal, StepState, WorkflowRun
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


def states(acme: Tenant) -> dict[str, str]:
    with tenant_context(acme):
        return dict(StepState.objects.values_list("step", "status"))


def test_the_dashboard_shows_what_is_next(client: Client) -> None:
    page = client.get("/")
    codes = [(one.workflow.code, one.next.key) for one in page.context["checklists"]]
    assert codes == [("workspace", "workspace.name"), ("welcome", "welcome.profile")]
    text = page.content.decode()
    assert "Set up your workspace" in text
    assert "0 of 6" in text
    assert "1 of 3" in text
    assert 'href="/onboarding/go/workspace.name/"' in text


def test_a_member_sees_what_is_for_them(
    sign_in: SignIn, bob: Person, acme: Tenant, bob_member: Member
) -> None:
    client = sign_in(bob, acme)
    assert client.get("/").context["checklists"] == []
    assert "Nothing to set up" in client.get("/onboarding/").content.decode()
    with tenant_context(acme):
        workflows_start(actor=SYSTEM, member=bob_member)
    assert [one.workflow.code for one in client.get("/").context["checklists"]] == ["welcome"]
    assert client.post("/onboarding/steps/workspace.name/complete/").status_code == 403
    assert client.get("/onboarding/go/workspace.name/").status_code == 404


def test_step_by_step(client: Client, acme: Tenant) -> None:
    page = client.get("/onboarding/")
    assert page.context["chosen"].key == "workspace.name"
    done = client.post("/onboarding/steps/workspace.name/complete/", follow=True)
    assert done.redirect_chain == [("/onboarding/", 302)]
    assert "Done: check name and address." in done.content.decode()
    assert done.context["chosen"].key == "workspace.invite"
    client.post("/onboarding/steps/workspace.invite/skip/", {"next": "/"})
    assert states(acme)["invite"] == "skipped"
    page = client.get("/onboarding/?step=workspace.invite")
    assert page.context["chosen"].can_reopen
    client.post("/onboarding/steps/workspace.invite/reopen/")
    assert states(acme)["invite"] == "open"


def test_what_cannot_be_is_said(client: Client, acme: Tenant) -> None:
    before = states(acme)
    for key, act, words in (
        ("workspace.name", "skip", "This step cannot be skipped."),
        ("workspace.api_key", "complete", "This step is done by doing it"),
    ):
        page = client.post(f"/onboarding/steps/{key}/{act}/", follow=True)
        assert words in page.content.decode()
    assert client.post("/onboarding/steps/workspace.name/forget/").status_code == 404
    assert client.post("/onboarding/steps/workspace.nothing/skip/").status_code == 404
    elsewhere = client.post("/onboarding/steps/workspace.name/skip/", {"next": "//evil.test/"})
    assert elsewhere["Location"] == "/"
    assert states(acme) == before


def test_there_is_a_way_back_from_each_page(client: Client) -> None:
    gone = client.get("/onboarding/go/workspace.name/")
    assert gone["Location"] == "/settings/"
    for path in ("/settings/", "/members/"):
        text = client.get(path).content.decode()
        assert "Back to setup" in text
        assert "Check name and address" in text
    assert "Back to setup" not in client.get("/").content.decode()
    assert "Back to setup" not in client.get("/onboarding/").content.decode()
    # There, one is back.
    assert "Back to setup" not in client.get("/settings/").content.decode()


def test_the_way_back_from_the_public_site(
    client: Client, sign_in: SignIn, alice: Person, acme: Tenant
) -> None:
    gone = client.get("/onboarding/go/welcome.profile/")
    assert gone["Location"] == "http://localhost:8000/setup/acme/welcome.profile/"
    public = sign_in(alice)
    assert public.get("/setup/acme/welcome.profile/")["Location"] == "/profile/"
    page = public.get("/profile/").content.decode()
    assert 'href="http://acme.localhost:8000/onboarding/"' in page
    assert "Say your name and time zone" in page
    for path in (
        "acme/workspace.name",
        "acme/no.thing",
        "a--/welcome.profile",
        "1/welcome.profile",
    ):
        assert public.get(f"/setup/{path}/").status_code == 404


@pytest.mark.parametrize("value", ["", "acme", "evil.test|welcome.profile", "acme|no.thing", "|"])
def test_a_cookie_of_somebody_elses_making_leads_nowhere(client: Client, value: str) -> None:
    client.cookies["setup"] = value
    assert "Back to setup" not in client.get("/members/").content.decode()


def test_dismissed_and_restored(client: Client, acme: Tenant) -> None:
    assert client.post("/onboarding/workspace/dismiss/")["Location"] == "/"
    assert [one.workflow.code for one in client.get("/").context["checklists"]] == ["welcome"]
    assert "Show it on the dashboard again" in client.get("/onboarding/").content.decode()
    client.post("/onboarding/workspace/restore/")
    with tenant_context(acme):
        assert not Dismissal.objects.exists()
    assert client.post("/onboarding/nothing/dismiss/").status_code == 404


def test_a_quiet_congratulation_at_the_end(client: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        WorkflowRun.objects.update(created_at="2026-01-01T00:00Z")
    for code in ("profile", "second_factor"):
        client.post(f"/onboarding/steps/welcome.{code}/skip/")
    page = client.get("/")
    assert "Settle in: done" in page.content.decode()
    client.post("/onboarding/welcome/dismiss/")
    assert "Settle in" not in client.get("/").content.decode()


def test_headings_and_names(client: Client) -> None:
    for path in ("/", "/onboarding/", "/onboarding/?step=workspace.plan"):
        page = read(client.get(path).content)
        assert page.ids, path
