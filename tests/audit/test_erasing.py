"""Forgetting a person: their parts are gone from table and archives, and the chain still verifies."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.storage import default_storage

from apps.accounts.models import Person
from apps.audit.models import Entry
from apps.audit.retention import chain_tend
from apps.common.personal_data import Subject, declared
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from apps.trail.archives import archive_step, archive_verify
from apps.trail.chains import PLATFORM_CHAIN, Chain, entries_append
from apps.trail.checkpoints import checkpoint_make
from apps.trail.models import PlatformEntry, Segment
from apps.trail.ranges import numbers, ranges
from apps.trail.signing import public_keys
from apps.trail.verifying import Break, chain_verify
from tests.audit.conftest import new_entry, superuser

LATER = datetime(2030, 1, 1, tzinfo=UTC)


def erase(model: Any, person: Person) -> None:
    subject = Subject(person.id, person.email)
    for rows in declared(is_tenants=model is Entry):
        if rows.model is model:
            rows.erase(rows.of(subject), subject)


def write(chain: Chain, bob: Person) -> str:
    """1: by bob. 2: about bob. 3: about bob's member. 4: of others. Returns the member's id."""
    with tenant_context(chain.tenant):
        member = str(Member.objects.get(person_id=bob.id).id)
        entries_append(
            chain,
            [
                new_entry(1, actor_id=bob.id, actor_label=bob.email),
                new_entry(2, what={"data": {"email": bob.email.upper()}}),
                new_entry(3, targets=("x", member), what={"data": {"user_name": "bobby"}}),
                new_entry(4),
            ],
        )
    return member


def test_what_is_about_a_person_goes_and_the_chain_holds(chain: Chain, bob: Person) -> None:
    write(chain, bob)
    checkpoint_make(chain)
    with tenant_context(chain.tenant):
        erase(Entry, bob)
        rows = {row.seq: row for row in Entry.objects.all()}
    assert [(seq, rows[seq].actor_label, rows[seq].what is None) for seq in sorted(rows)] == [
        (1, None, False),
        (2, "alice@acme.test", True),
        (3, "alice@acme.test", True),
        (4, "alice@acme.test", False),
        (5, "system:erasure", False),
    ]
    assert (rows[1].address, rows[1].agent, rows[1].who_salt) == (None, None, None)
    assert rows[2].what_salt is None
    assert rows[5].what == {"data": {"who": "1", "what": "2-3"}}
    report = chain_verify(chain)
    assert (report.is_whole, report.erased_parts, report.checkpoints) == (True, 3, 1)
    with tenant_context(chain.tenant):
        erase(Entry, bob)
        assert Entry.objects.count() == 5


def test_a_part_that_goes_without_an_erasure_is_found(chain: Chain, bob: Person) -> None:
    write(chain, bob)
    with tenant_context(chain.tenant):
        erase(Entry, bob)
    with superuser(chain) as cursor:
        cursor.execute("UPDATE audit_entry SET what = NULL, what_salt = NULL WHERE seq IN (1, 4)")
    assert chain_verify(chain).problem == Break(
        1, "what", "the part “what” is gone, and no erasure took it"
    )


def test_the_platforms_chain_forgets_too(bob: Person) -> None:
    entries_append(PLATFORM_CHAIN, [new_entry(1, actor_id=bob.id, targets=(str(bob.id),))])
    erase(PlatformEntry, bob)
    row = PlatformEntry.objects.get(seq=1)
    assert (row.actor_label, row.what) == (None, None)
    assert chain_verify(PLATFORM_CHAIN).is_whole


def test_old_entries_move_to_archives_and_the_chain_goes_on(
    chain: Chain, fill: Callable[[int], None]
) -> None:
    fill(7)
    checkpoint_make(chain)
    assert archive_step(chain, datetime(2020, 1, 1, tzinfo=UTC)) is None
    first = archive_step(chain, LATER, limit=3)
    second = archive_step(chain, LATER, limit=10)
    assert first is not None
    assert second is not None
    assert [(one.first_seq, one.last_seq) for one in (first, second)] == [(1, 3), (4, 6)]
    # The newest stays: the next one follows it.
    assert archive_step(chain, LATER) is None
    fill(2)
    with tenant_context(chain.tenant):
        assert list(Entry.objects.order_by("seq").values_list("seq", flat=True)) == [7, 8, 9]
    report = chain_verify(chain)
    assert (report.is_whole, report.segments, report.entries, report.first_seq) == (True, 2, 3, 7)
    assert report.checkpoints == 1
    with tenant_context(chain.tenant), default_storage.open(first.file) as file:
        offline = archive_verify(file, public_keys())
    assert (offline.is_whole, offline.entries, offline.last_seq) == (True, 3, 3)
    assert offline.last_hash == bytes(first.last_hash).hex()


@pytest.mark.parametrize(
    ("change", "seq", "kind"),
    [
        (
            lambda lines: [lines[0], lines[1], lines[2].replace(b"curl/8", b"curl/9"), lines[3]],
            2,
            "who",
        ),
        (lambda lines: [*lines[:2], lines[3]], 2, "missing"),
        (lambda lines: lines[:3], 3, "cut"),
        (
            lambda lines: [lines[0].replace(b'"last_seq":3', b'"last_seq":2'), *lines[1:3]],
            1,
            "segment",
        ),
    ],
)
def test_a_changed_archive_is_found_without_the_database(
    chain: Chain,
    fill: Callable[[int], None],
    tmp_path: Any,
    change: Callable[[list[bytes]], list[bytes]],
    seq: int,
    kind: str,
) -> None:
    fill(4)
    segment = archive_step(chain, LATER)
    assert segment is not None
    with tenant_context(chain.tenant), default_storage.open(segment.file) as file:
        lines = gzip.decompress(file.read()).splitlines(keepends=True)
    path = tmp_path / "changed.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(change(lines))))
    with path.open("rb") as file:
        problem = archive_verify(file, public_keys()).problem
    assert problem is not None
    assert (problem.seq, problem.kind) == (seq, kind)


def test_a_segment_that_does_not_fit_is_found(chain: Chain, fill: Callable[[int], None]) -> None:
    fill(6)
    archive_step(chain, LATER, limit=2)
    archive_step(chain, LATER, limit=2)
    first = Segment.objects.all()[0]
    Segment.objects.filter(id=first.id).update(last_hash=b"x" * 32)
    problem = chain_verify(chain).problem
    assert problem is not None
    assert (problem.seq, problem.kind) == (1, "segment")
    Segment.objects.all().delete()
    assert chain_verify(chain).problem == Break(1, "missing", "entry 1 is missing: 5 follows")


def test_archives_forget_people_and_still_verify(
    chain: Chain, bob: Person, django_capture_on_commit_callbacks: Any
) -> None:
    write(chain, bob)
    segment = archive_step(chain, LATER)
    assert segment is not None
    with django_capture_on_commit_callbacks(execute=True), tenant_context(chain.tenant):
        erase(Entry, bob)
    now = Segment.objects.get(id=segment.id)
    with tenant_context(chain.tenant):
        assert not default_storage.exists(segment.file)
        with default_storage.open(now.file) as file:
            text = gzip.decompress(file.read()).decode()
        with default_storage.open(now.file) as file:
            report = archive_verify(file, public_keys())
    assert bob.email not in text.casefold()
    assert "bobby" not in text
    assert (report.is_whole, report.erased_parts) == (True, 3)
    assert chain_verify(chain).is_whole


def test_how_long_the_plan_says(
    chain: Chain, fill: Callable[[int], None], entitle: Callable[..., None], acme: Tenant
) -> None:
    fill(3)
    entitle({"audit.retention_days": None})
    assert chain_tend(acme.ref) == 0
    entitle({"audit.retention_days": 30})
    assert chain_tend(acme.ref) == 2


def test_a_broken_chain_is_not_archived(chain: Chain, fill: Callable[[int], None]) -> None:
    from apps.trail.archives import ChainBroken

    fill(4)
    with superuser(chain) as cursor:
        cursor.execute("UPDATE audit_entry SET action = 'x.y_done' WHERE seq = 2")
    with pytest.raises(ChainBroken, match="acme, entry 2: what it says was changed"):
        archive_step(chain, LATER)
    with tenant_context(chain.tenant):
        assert Entry.objects.count() == 4


@pytest.mark.parametrize("seqs", [[], [3], [1, 2, 3], [1, 3, 4, 5, 9, 11, 12]])
def test_ranges(seqs: list[int]) -> None:
    assert list(numbers(ranges(seqs))) == seqs
