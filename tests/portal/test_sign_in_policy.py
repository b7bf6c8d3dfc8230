"""The settings' page "Sign-in"."""

from typing import Any

import pytest
from django.contrib.messages import get_messages

from apps.accounts.models import Person, SignInPolicy
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db
PAGE = "/settings/sign-in/"
SECOND_FACTOR = f"{PAGE}second-factor/"


def text_of(response: Any) -> str:
    return " ".join("".join(read(response.content).text).split())


def test_without_a_second_factor_it_cannot_be_required(
    sign_in: SignIn, alice: Person, acme: Tenant
) -> None:
    client = sign_in(alice, acme)
    page = text_of(client.get(PAGE))
    assert "requiring it would lock you out" in page
    assert "Require it of everybody" not in page
    response = client.post(SECOND_FACTOR, {"require": "yes"})
    assert (response.status_code, response["Location"]) == (302, PAGE)
    assert "lock you out" in str(next(iter(get_messages(response.wsgi_request))))
    assert not SignInPolicy.objects.filter(require_mfa=True).exists()


@pytest.mark.parametrize("value", ["", "maybe", "YES", "\0"])
def test_bad_input(sign_in: SignIn, alice: Person, acme: Tenant, value: str) -> None:
    response = sign_in(alice, acme).post(SECOND_FACTOR, {"require": value})
    assert response.status_code == 400
    assert SignInPolicy.objects.count() == 0


def test_members_do_not_come_here(sign_in: SignIn, bob: Person, acme: Tenant) -> None:
    client = sign_in(bob, acme)
    assert client.get(PAGE).status_code == 403
    assert client.post(SECOND_FACTOR, {"require": "yes"}).status_code == 403
    assert SignInPolicy.objects.count() == 0
