"""The page of a member's devices."""

import pytest

from apps.accounts.models import Person
from apps.notifications.models import PushDevice
from apps.organizations.actors import actor_for
from apps.sandbox.push import state
from apps.sandbox.push.state import Mode, Service
from apps.tenants.models import Tenant
from tests.api.client import MISSING
from tests.notifications.conftest import push, register, sandbox_url
from tests.notifications.pushing import Register, taken
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.portal.test_queries import BUDGET, statements

__all__ = ["push", "register", "sandbox_url"]
pytestmark = pytest.mark.django_db
PATH = "/notifications/devices/"


def test_the_list(
    sign_in: SignIn, alice: Person, bob: Person, acme: Tenant, in_acme: None, register: Register
) -> None:
    register(actor_for(bob), label="Bob's <laptop>")
    register(actor_for(alice), label="Alice's")
    client = sign_in(bob, acme)
    response = client.get(PATH)
    assert read(response.content).check() == []
    text = response.content.decode()
    assert "Bob&#x27;s &lt;laptop&gt;" in text
    assert "Alice" not in text
    assert 'data-key="B' in text
    for _ in range(3):
        register(actor_for(bob))
    assert len(statements(client, PATH)) <= BUDGET


def test_without_keys_it_says_so(sign_in: SignIn, bob: Person, acme: Tenant) -> None:
    text = sign_in(bob, acme).get(PATH).content.decode()
    assert "has not set them up" in text
    assert "data-push-on" not in text


def test_removing_one(
    sign_in: SignIn, alice: Person, bob: Person, acme: Tenant, in_acme: None, register: Register
) -> None:
    mine, theirs = register(actor_for(bob))[0], register(actor_for(alice))[0]
    client = sign_in(bob, acme)
    for device_id in (theirs.id, MISSING):
        assert client.post(f"{PATH}{device_id}/remove/").status_code == 404
        assert client.post(f"{PATH}{device_id}/test/").status_code == 404
    assert client.post(f"{PATH}{mine.id}/remove/").status_code == 302
    assert list(PushDevice.objects.all()) == [theirs]


def test_sending_a_test(
    sign_in: SignIn, bob: Person, acme: Tenant, in_acme: None, register: Register
) -> None:
    device, receiver = register(actor_for(bob))
    client = sign_in(bob, acme)
    sent = client.post(f"{PATH}{device.id}/test/", follow=True)
    assert "A test is on its way" in sent.content.decode()
    (got,) = taken(receiver)
    assert (got.title, got.body) == ("A test", f"This is how {acme.name} tells you something.")
    again = client.post(f"{PATH}{device.id}/test/")
    assert again.status_code == 409
    assert len(taken(receiver)) == 1


@pytest.mark.parametrize(
    ("mode", "words", "left"),
    [
        (Mode.GONE, "removed from the list", 0),
        (Mode.THROTTLE, "asks for a pause", 1),
        (Mode.DOWN, "cannot be reached", 1),
    ],
)
def test_a_test_that_fails(
    sign_in: SignIn,
    bob: Person,
    acme: Tenant,
    in_acme: None,
    register: Register,
    mode: Mode,
    words: str,
    left: int,
) -> None:
    device, _receiver = register(actor_for(bob))
    state.switch_set(Service.WEB, mode)
    answer = sign_in(bob, acme).post(f"{PATH}{device.id}/test/", follow=True)
    assert words in answer.content.decode()
    assert PushDevice.objects.count() == left
