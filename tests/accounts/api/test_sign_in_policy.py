"""`tenant/sign-in-policy/`."""

from typing import Any

import pytest

from apps.accounts.models import Person, SignInPolicy
from apps.tenants.models import Tenant
from tests.api.client import statements

pytestmark = pytest.mark.django_db
PATH = "tenant/sign-in-policy/"


def test_get(api: Any, alice: Person) -> None:
    client = api(alice)
    with statements(4):
        response = client.get(PATH)
    assert (response.status_code, response.json()) == (
        200,
        {"require_mfa": False, "allow_support": True},
    )
    assert response["ETag"]


def test_requiring_needs_a_second_factor_oneself(api: Any, alice: Person) -> None:
    response = api(alice).patch(PATH, {"require_mfa": True})
    assert (response.status_code, response.json()["code"]) == (409, "mfa_required")
    assert not SignInPolicy.objects.filter(require_mfa=True).exists()


def test_a_condition_is_kept(api: Any, alice: Person) -> None:
    client = api(alice)
    etag = client.get(PATH)["ETag"]
    same = client.patch(PATH, {"require_mfa": False}, headers={"If-Match": etag})
    assert (same.status_code, same.json()) == (200, {"require_mfa": False, "allow_support": True})
    stale = client.patch(PATH, {"require_mfa": False}, headers={"If-Match": '"old"'})
    assert stale.status_code == 412


@pytest.mark.parametrize("value", [None, "true", 1, 0, "", [], {}])
def test_bad_input(api: Any, alice: Person, value: Any) -> None:
    response = api(alice).patch(PATH, {"require_mfa": value})
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == ["require_mfa"]
    assert SignInPolicy.objects.count() == 0


def test_who_may(api: Any, bob: Person, charlie: Person, globex: Tenant) -> None:
    assert api(bob).get(PATH).status_code == 403
    assert api(bob).patch(PATH, {"require_mfa": True}).status_code == 403
    assert api(charlie).get(PATH).status_code == 404
    assert api(charlie, globex, **{"X-Tenant": "acme"}).get(PATH).status_code == 401
    assert SignInPolicy.objects.count() == 0
