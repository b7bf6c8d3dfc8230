"""The list of addresses that nothing is sent to."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.database import app_connection, system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.personal_data import Subject, declared, tables_of
from apps.common.tenancy import tenant_context
from apps.messaging.addresses import digest, hint, normalized
from apps.messaging.enums import Channel, SuppressionReason
from apps.messaging.models import Suppression, TrackedEvent
from apps.messaging.suppressions import (
    suppress,
    suppressed,
    suppression_add,
    suppression_lift,
    suppressions_for,
)
from tests.conftest import SYSTEM
from tests.messaging.support import SOMEBODY

Told = Callable[[], list[tuple[str, Any, dict[str, Any]]]]
ADDRESS = "dana@example.com"


def add(address: str = ADDRESS, channel: Channel = Channel.EMAIL) -> Suppression:
    return suppression_add(actor=SYSTEM, channel=channel, address=address, note="Asked us to")


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("messaging", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("channel", "given", "found"),
    [
        ("email", " Dana@Example.COM ", "dana@example.com"),
        ("email", "Dana Doe <dana@example.com>", "dana@example.com"),
        ("email", "dana@büro.example", "dana@xn--bro-hoa.example"),
        ("email", "da.na+tag@example.com", "da.na+tag@example.com"),
        ("sms", "+49 (30) 123-456", "+4930123456"),
    ],
)
def test_normalized(channel: str, given: str, found: str) -> None:
    assert normalized(Channel(channel), given) == found


@pytest.mark.parametrize(
    ("channel", "given"),
    [
        *(("email", one) for one in ("", "dana", "@example.com", "dana@", "a@b c", "a@b,c@d")),
        *(("sms", one) for one in ("", "030123456", "+0123456789", "+49", "client:dana")),
    ],
)
def test_what_is_no_address(channel: str, given: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        normalized(Channel(channel), given)


def test_what_is_kept_cannot_be_read() -> None:
    assert len(digest(Channel.EMAIL, ADDRESS)) == 32
    assert digest(Channel.EMAIL, ADDRESS) == digest(Channel.EMAIL, "Dana <DANA@example.com>")
    assert hint(Channel.EMAIL, ADDRESS) == "d…@example.com"
    assert hint(Channel.SMS, "+4930123456") == "+49…56"


@pytest.mark.django_db
def test_added_by_staff(told: Told, staff: Any, django_assert_num_queries: Any) -> None:
    actor = Actor.staff(staff.id, staff.email)
    row = suppression_add(actor=actor, channel=Channel.EMAIL, address=ADDRESS, note=" Asked us ")
    assert (row.reason, row.note, row.provider) == ("manual", "Asked us", "")
    assert [(name, tenant, payload["note"]) for name, tenant, payload in told()] == [
        ("messaging.address_suppressed", None, "Asked us")
    ]
    with django_assert_num_queries(1):
        found = suppressed(Channel.EMAIL, [ADDRESS, "Dana <DANA@EXAMPLE.com>", "eve@example.com"])
    assert found == {ADDRESS: "manual", "Dana <DANA@EXAMPLE.com>": "manual"}
    with django_assert_num_queries(0):
        assert suppressed(Channel.EMAIL, ["not an address"]) == {}
    assert suppressed(Channel.SMS, ["+4930123456"]) == {}


@pytest.mark.django_db
def test_refused(told: Told) -> None:
    row = add()
    before = told()
    with pytest.raises(Conflict):
        add()
    for address, note in (("nobody", "x"), (ADDRESS, " "), (ADDRESS, "x" * 501)):
        with pytest.raises(InvalidInput):
            suppression_add(actor=SYSTEM, channel=Channel.EMAIL, address=address, note=note)
    with pytest.raises(InvalidInput):
        suppression_lift(actor=SYSTEM, suppression_id=row.id, note="")
    with pytest.raises(PermissionDenied):
        suppression_add(actor=SOMEBODY, channel=Channel.EMAIL, address="eve@example.com", note="x")
    with pytest.raises(PermissionDenied):
        suppression_lift(actor=SOMEBODY, suppression_id=row.id, note="x")
    with pytest.raises(PermissionDenied):
        suppressions_for(SOMEBODY)
    assert told() == before
    assert Suppression.objects.count() == 1


@pytest.mark.django_db
def test_lifted_and_back(told: Told) -> None:
    row = add()
    suppression_lift(actor=SYSTEM, suppression_id=row.id, note="A new mailbox")
    assert suppressed(Channel.EMAIL, [ADDRESS]) == {}
    assert list(suppressions_for(SYSTEM)) == []
    with pytest.raises(Conflict):
        suppression_lift(actor=SYSTEM, suppression_id=row.id, note="Again")
    with pytest.raises(NotFound):
        suppression_lift(actor=SYSTEM, suppression_id=row.pk.__class__(int=7), note="x")
    assert add().id == row.id
    assert suppressed(Channel.EMAIL, [ADDRESS]) == {ADDRESS: "manual"}
    assert [name for name, _tenant, _payload in told()] == [
        "messaging.address_suppressed",
        "messaging.suppression_lifted",
        "messaging.address_suppressed",
    ]


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_one_row(told: Told) -> None:
    barrier, made = threading.Barrier(6), []

    def one() -> None:
        barrier.wait(5)
        with system_connection():
            made.append(
                suppress(
                    actor=SYSTEM,
                    channel=Channel.EMAIL,
                    address=ADDRESS,
                    reason=SuppressionReason.BOUNCED,
                    provider="mailgun",
                    since=timezone.now(),
                )
            )
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(made) == 6
    assert len([row for row in made if row is not None]) == 1
    assert len(told()) == 1


@pytest.mark.django_db
def test_it_is_the_platforms_alone(world: Any) -> None:
    """The app's login sees no row, and asks the list all the same."""
    add()
    TrackedEvent.objects.create(key="mailgun:1")
    with app_connection():
        assert (Suppression.objects.count(), TrackedEvent.objects.count()) == (0, 0)
        assert suppressed(Channel.EMAIL, [ADDRESS]) == {ADDRESS: "manual"}
        with tenant_context(world.acme):
            assert suppressed(Channel.EMAIL, [ADDRESS]) == {ADDRESS: "manual"}


@pytest.mark.django_db
def test_who_is_forgotten_is_not_written_to(alice: Any) -> None:
    add(alice.email)
    subject = Subject(alice.id, alice.email)
    (found,) = tables_of(subject, is_tenants=False)["messaging.suppression"]
    assert (found["channel"], found["reason"], found["note"]) == ("email", "manual", "Asked us to")
    rows = next(one for one in declared(is_tenants=False) if one.model is Suppression)
    for _ in range(2):
        rows.erase(rows.of(subject), subject)
    row = Suppression.objects.get()
    assert (row.hint, row.note, str(row)) == ("", "", "An erased person’s address")
    assert suppressed(Channel.EMAIL, [alice.email]) == {alice.email: "manual"}
    assert not rows.of(Subject(alice.id, "")).exists()


@pytest.mark.django_db
def test_command() -> None:
    assert run("suppressions", "list") == "No address is suppressed.\n"
    added = run("suppressions", "add", ADDRESS, "--reason", "Ticket 7")
    assert added == "Nothing is sent to d…@example.com any more.\n"
    run("suppressions", "add", "+4930123456", "--channel", "sms", "--reason", "Ticket 8")
    listed = run("suppressions", "list")
    assert "d…@example.com" in listed
    assert "+49…56" in listed
    assert "Ticket 7" in listed
    (only,) = json.loads(run("suppressions", "list", "--address", "DANA@example.com", "--json"))
    assert (only["channel"], only["reason"], only["note"]) == ("email", "manual", "Ticket 7")
    lifted = run("suppressions", "lift", ADDRESS, "--reason", "Ticket 9")
    assert lifted == "d…@example.com may be written to again.\n"
    for arguments in (
        ("lift", ADDRESS, "--reason", "x"),
        ("lift", " ", "--reason", "x"),
        ("add", "nobody", "--reason", "x"),
    ):
        with pytest.raises(CommandError):
            run("suppressions", *arguments)
    assert Suppression.objects.filter(lifted_at=None).count() == 1


@pytest.mark.django_db
def test_of_later_than_it_was_lifted() -> None:
    row = add()
    suppression_lift(actor=SYSTEM, suppression_id=row.id, note="x")
    told_of = {
        "actor": SYSTEM,
        "channel": Channel.EMAIL,
        "address": ADDRESS,
        "reason": SuppressionReason.BOUNCED,
        "provider": "mailgun",
    }
    before = timezone.now() - timedelta(hours=1)
    assert suppress(**told_of, since=before) is None  # type: ignore[arg-type]
    back = suppress(**told_of, since=timezone.now())  # type: ignore[arg-type]
    assert back is not None
    assert (back.id, back.reason, back.note) == (row.id, "bounced", "")
