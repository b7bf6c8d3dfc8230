"""The oldest part of the ledger goes to files, and everything can still be rebuilt."""

import gzip
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.common.errors import NotFound
from apps.common.files import tenant_files
from apps.credits.archiving import archive_differences, archive_step
from apps.credits.models import Archive, CarriedEntry, Entry, Transaction
from apps.credits.services import credits_refund, hold_capture
from apps.tenants.models import Tenant
from tests.credits.support import SYSTEM, assert_sound, balance, debit, grant, hold, later

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(inside: Tenant) -> str:
    """Some transactions, and the schema that they are in."""
    grant(1000)
    for _ in range(5):
        debit(10)
    held = hold(100).transaction_id
    hold_capture(
        actor=SYSTEM, hold_id=held, amount_microcredits=60, is_final=True, idempotency_key="c"
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return inside.schema_name


def test_what_is_old_goes_to_files_and_the_sums_stay(old: str) -> None:
    rows = Transaction.objects.count(), Entry.objects.count()
    assert archive_step(old, later(days=-1)) is None
    first = archive_step(old, later(seconds=1), limit=4)
    assert first is not None
    assert first.transactions == 4
    assert_sound()
    while archive_step(old, later(seconds=1), limit=4):
        assert_sound()
    assert not Transaction.objects.exists()
    assert not Entry.objects.exists()
    archives = Archive.objects.all()
    assert (sum(a.transactions for a in archives), sum(a.entries for a in archives)) == rows
    assert balance() == 1000 - 50 - 60
    assert archive_differences() == []
    debit(10)
    assert_sound()


def test_what_is_held_stays(old: str) -> None:
    held = hold(20).transaction_id
    debit(1)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    while archive_step(old, later(seconds=1)):
        pass
    assert Transaction.objects.order_by("id").first().id == held
    assert_sound()


def test_an_error_of_one_in_a_sum_is_found(old: str) -> None:
    archive_step(old, later(seconds=1))
    one = CarriedEntry.objects.filter(kind="debit").get()
    CarriedEntry.objects.filter(id=one.id).update(amount_microcredits=one.amount_microcredits + 1)
    found = archive_differences()
    assert [(d.what, d.kept - d.computed) for d in found] == [("carried sum", 1)]


def test_a_file_that_was_changed_is_found(old: str) -> None:
    archive = archive_step(old, later(seconds=1))
    assert archive is not None
    with tenant_files.open(archive.file) as file:
        packed = file.read()
    text = gzip.decompress(packed).replace(
        b'"amount_microcredits":10,', b'"amount_microcredits":11,', 1
    )
    with tenant_files.open(archive.file, "wb") as file:
        file.write(gzip.compress(text))
    assert [one.what for one in archive_differences()] == ["content of an archive"]


def test_what_is_archived_cannot_be_given_back(old: str) -> None:
    spent = Transaction.objects.filter(kind="debit")[0]
    archive_step(old, later(seconds=1))
    with pytest.raises(NotFound):
        credits_refund(
            actor=SYSTEM, transaction_id=spent.id, idempotency_key=uuid.uuid4().hex, reason="Late"
        )
    assert_sound()


def test_the_command_keeps_what_is_young(old: str) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="Keep the last 400 days"):
        call_command("credits", "archive", "--tenant", "acme", "--before", "2999-01-01")
    call_command("credits", "archive", "--tenant", "acme", "--before", "2020-01-01", stdout=out)
    assert out.getvalue() == "acme: 0 transactions are in files.\n"
    assert Transaction.objects.exists()
