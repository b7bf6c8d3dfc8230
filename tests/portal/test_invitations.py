"""Inviting from a workspace, and the page behind the link."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.billing import catalogue
from apps.billing.models import Subscription
from apps.billing.selectors import price_of
from apps.billing.services import catalogue_load
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.organizations.invitation_tokens import token_make
from apps.organizations.models import Invitation, Member, Organization
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM, make_person
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant):
    return sign_in(alice, acme)


@pytest.fixture
def link(acme: Tenant, invitation: Invitation) -> str:
    return f"/invitations/accept/?token={token_make(acme.id, invitation.id, invitation.nonce)}"


def test_invite(client, root: Organization, role) -> None:
    data = {
        "email": "New.Colleague@acme.test",
        "role_ids": [str(role("member").id)],
        "organization_id": str(root.id),
    }
    response = client.post("/invitations/new/", data, follow=True)
    assert response.redirect_chain == [("/invitations/", 302)]
    assert "An invitation is on its way to new.colleague@acme.test." in response.content.decode()
    invitation = Invitation.objects.get(email="new.colleague@acme.test")
    assert invitation.role_ids == [role("member").id]
    again = client.post("/invitations/new/", data)
    assert again.status_code == 422
    assert "invited already" in again.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "", "Whom do you want to invite?"),
        ("email", "no-address", "Enter a valid e-mail address."),
        ("email", "a" * 300 + "@acme.test", "at most 254 characters"),
        ("email", "bob@acme.test", "This person is a member already."),
        ("role_ids", [], "Choose at least one role."),
        ("role_ids", ["x"], "x is not one of the available choices"),
        ("organization_id", "x", "x is not one of the available choices"),
        ("organization_id", "", "This field is required."),
    ],
)
def test_bad_input_is_named(client, root, role, field: str, value, message: str) -> None:
    data = {
        "email": "new@acme.test",
        "role_ids": [str(role("member").id)],
        "organization_id": str(root.id),
        field: value,
    }
    response = client.post("/invitations/new/", data)
    assert response.status_code == 422
    assert message in "".join(read(response.content).text)
    assert not Invitation.objects.exists()


def test_resend_and_revoke(client, invitation: Invitation) -> None:
    nonce = invitation.nonce
    client.post(f"/invitations/{invitation.id}/resend/")
    invitation.refresh_from_db()
    assert invitation.nonce != nonce
    client.post(f"/invitations/{invitation.id}/revoke/")
    invitation.refresh_from_db()
    assert invitation.revoked_at is not None
    response = client.post(f"/invitations/{invitation.id}/resend/", follow=True)
    assert "This invitation is closed." in response.content.decode()


def test_no_link_is_shown_to_the_inviter(client, invitation: Invitation) -> None:
    page = client.get("/invitations/").content.decode()
    assert invitation.email in page
    assert "accept" not in page.replace("?state=accepted", "").lower().replace("accepted", "")


def test_signed_out_people_can_sign_up_or_in(browser, link: str) -> None:
    response = browser(None).get(link)
    assert response.status_code == 200
    page = response.content.decode()
    assert "Join Acme" in page
    assert "/accounts/signup/?next=%2Finvitations%2Faccept%2F%3Ftoken%3D" in page
    assert "email=dana%40acme.test" in page
    assert "/accounts/login/?next=%2Finvitations%2Faccept%2F%3Ftoken%3D" in page
    assert read(response.content).check() == []


def test_the_right_person_accepts_once(sign_in, acme, link: str) -> None:
    dana = make_person("Dana Diaz", "dana@acme.test")
    client = sign_in(dana)
    assert "Accept and join" in client.get(link).content.decode()
    token = link.partition("token=")[2]
    response = client.post("/invitations/accept/", {"token": token})
    assert response.status_code == 302
    assert response.headers["Location"] == "http://acme.localhost:8000/"
    with tenant_context(acme):
        assert Member.objects.get(person_id=dana.id).is_active
    again = client.post("/invitations/accept/", {"token": token})
    assert again.status_code == 410
    assert "This invitation was used" in again.content.decode()


def test_another_person_learns_only_a_masked_address(sign_in, acme, charlie, link: str) -> None:
    client = sign_in(charlie)
    response = client.get(link)
    assert response.status_code == 403
    page = response.content.decode()
    assert "d•••@acme.test" in page
    assert "dana@acme.test" not in page
    client.post("/invitations/accept/", {"token": link.partition("token=")[2]})
    with tenant_context(acme):
        assert not Member.objects.filter(person_id=charlie.id).exists()


@pytest.mark.parametrize(
    ("change", "title"),
    [
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "This invitation has expired"),
        ({"revoked_at": timezone.now()}, "This invitation was taken back"),
        ({"accepted_at": timezone.now()}, "This invitation was used"),
        ({"nonce": "01890000-0000-7000-8000-000000000000"}, "There is a newer invitation"),
    ],
)
def test_links_that_no_longer_work_say_why(browser, acme, invitation, link, change, title) -> None:
    with tenant_context(acme):
        Invitation.objects.filter(id=invitation.id).update(**change)
    response = browser(None).get(link)
    assert response.status_code == 410
    assert title in response.content.decode()
    assert read(response.content).check() == []


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "%00", "é" * 300])
def test_tokens_that_are_not_ours(browser, world, token: str) -> None:
    response = browser(None).get(f"/invitations/accept/?token={token}")
    assert response.status_code in (400, 404)


def test_search(client, invitation: Invitation) -> None:
    found = client.get("/invitations/?q=DANA")
    assert read(found.content).check() == []
    assert "dana@acme.test" in found.content.decode()
    page = client.get("/invitations/?q=nobody%20%20here")
    assert "No invitation in this state has “nobody here” in its address." in page.content.decode()
    assert "dana@acme.test" not in page.content.decode()
    assert client.get("/invitations/?q=%25&state=expired").status_code == 200


def test_a_link_whose_inviter_may_no_longer_invite(
    client, sign_in: SignIn, link: str, acme: Tenant, alice_member: Member
) -> None:
    dana = make_person("Dana Diaz", "dana@acme.test")
    Member.objects.filter(id=alice_member.id).update(status="deactivated")
    visitor = sign_in(dana)
    page = visitor.get(link)
    assert page.status_code == 410
    assert "This invitation is void" in page.content.decode()
    token = link.partition("token=")[2]
    assert visitor.post("/invitations/accept/", {"token": token}).status_code == 410
    assert not Member.objects.filter(person_id=dana.id).exists()


@pytest.mark.parametrize("path", ["/invitations/new/", "/invitations/import/"])
def test_what_one_more_costs(client, acme: Tenant, path: str) -> None:
    """For who pays for each seat, until it ends."""
    words = "Each person who joins costs €9.00 a month more."
    assert "costs" not in client.get(path).content.decode()
    with system_connection():
        catalogue_load(actor=SYSTEM, plans=catalogue.PLANS, add_ons=catalogue.ADD_ONS)
        price = price_of("starter", "month", "EUR")
        row = Subscription.objects.create(
            tenant=acme, stripe_id="sub_1", status="active", price=price
        )
    assert words in client.get(path).content.decode()
    for fields in ({"ends_at": timezone.now()}, {"status": "canceled"}, {"price": None}):
        with system_connection():
            Subscription.objects.filter(id=row.id).update(**fields)
        assert "costs" not in client.get(path).content.decode()
        with system_connection():
            row.save()
    assert words in client.get(path).content.decode()
