"""The tree as a file: what an export writes, and what an import makes of it, or refuses."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, PermissionDenied
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization
from apps.organizations.organization_csv import (
    MAX_BYTES,
    MAX_ROWS,
    OrganizationRow,
    organization_csv_lines,
    organization_csv_read,
    path_join,
    path_split,
)
from apps.organizations.selectors import organizations_for
from apps.organizations.services import (
    binding_create,
    organization_archive,
    organization_create,
    organizations_import,
)
from apps.roles.models import Role
from tests.conftest import Entitle
from tests.organizations.conftest import Published

pytestmark = pytest.mark.django_db


def exported(actor: Actor) -> str:
    return "".join(organization_csv_lines(organizations_for(actor)))


def rows(text: str) -> list[OrganizationRow]:
    return organization_csv_read(text.encode()).rows


def tree() -> list[tuple[int, str, bool]]:
    return [(one.depth, one.name, one.is_archived) for one in Organization.objects.all()]


@pytest.fixture
def europe(owner: Actor, root: Organization) -> Organization:
    found = organization_create(actor=owner, name="Europe", parent_id=root.id)
    organization_create(actor=owner, name="Lisbon", parent_id=found.id)
    return found


def test_what_is_exported_can_be_imported_again(
    owner: Actor, europe: Organization, root: Organization, published: Published
) -> None:
    names = [
        "=1+1",
        "'=x",
        "''@y",
        "+tel",
        "-minus",
        "@at",
        "A / B \\ C",
        'Q"uote, comma',
        "'plain",
    ]
    for name in names:
        organization_create(actor=owner, name=name, parent_id=root.id)
    organization_archive(actor=owner, organization_id=europe.id)
    text, before = exported(owner), tree()
    # No cell begins with what a spreadsheet takes for a formula.
    cells = [line.lstrip('"')[0] for line in text.splitlines()]
    assert not set(cells) & set("=+-@\t")
    assert text.splitlines()[:4] == [
        "path,archived",
        "Europe,yes",
        "Europe / Lisbon,yes",
        "'=1+1,no",
    ]
    events = len(published())
    outcomes = organizations_import(actor=owner, rows=rows(text))
    assert {one.action for one in outcomes} == {"keep"}
    assert len(published()) == events
    # The same in an empty workspace makes the same tree.
    Organization.objects.filter(depth__gt=1).delete()
    root.refresh_from_db()
    organizations_import(actor=owner, rows=rows(text))
    assert tree() == before
    assert exported(owner) == text
    assert Organization.objects.find_problems() == ([], [], [], [], [])
    tops = Organization.objects.filter(archived_with=Organization.objects.get(name="Europe").id)
    assert [one.name for one in tops] == ["Europe", "Lisbon"]


@given(st.lists(st.text().map(lambda text: " ".join(text.split())).filter(bool), min_size=1))
def test_paths_survive(names: list[str]) -> None:
    assert path_split(path_join(names)) == tuple(names)


def test_import_makes_what_is_missing_in_any_order(
    owner: Actor, europe: Organization, published: Published
) -> None:
    before = len(published())
    text = "Archived;Path;Note\n;EUROPE/Lisbon/Sales;x\nno;Asia / Tokyo;\nyes;Asia;\nyes;europe/Porto\n"
    with pytest.raises(InvalidInput):
        organizations_import(actor=owner, rows=rows(text))  # Tokyo is not archived, and Asia is.
    text = text.replace("no;Asia", "x;Asia")
    file = organization_csv_read(text.encode("utf-8-sig"))
    assert file.unused == ["Note"]
    dry = organizations_import(actor=owner, rows=file.rows, dry_run=True)
    assert [one.action for one in dry] == ["create"] * 4
    assert len(tree()) == 3
    assert organizations_import(actor=owner, rows=file.rows) == dry
    assert tree() == [
        (1, "Acme", False),
        (2, "Europe", False),
        (3, "Lisbon", False),
        (4, "Sales", False),
        (3, "Porto", True),
        (2, "Asia", True),
        (3, "Tokyo", True),
    ]
    assert Organization.objects.find_problems() == ([], [], [], [], [])
    assert published()[before:] == ["organizations.organization_changed"] * 4
    again = organizations_import(actor=owner, rows=file.rows)
    assert [one.action for one in again] == ["keep"] * 4
    assert len(tree()) == 7


def test_each_line_says_what_is_wrong_and_nothing_is_made(
    owner: Actor, europe: Organization, root: Organization, published: Published
) -> None:
    closed = organization_create(actor=owner, name="Closed", parent_id=root.id)
    organization_archive(actor=owner, organization_id=closed.id)
    text = "\n".join(
        [
            "path,archived",
            "Good,",
            "good,",
            "Nowhere / Team,",
            "Europe // Team,",
            "Europe / Team,perhaps",
            "Europe / Team / Inner,",
            f"Europe / {'x' * 101},",
            "Closed / Team,",
            "Closed / Other,yes",
            '"Europe / a\x07b",',
            "/".join(f"L{n}" for n in range(17)) + ",",
            ",yes",
        ]
    )
    before, events = tree(), len(published())
    outcomes = organizations_import(actor=owner, rows=rows(text), dry_run=True)
    assert [(one.line, one.code) for one in outcomes] == [
        (2, ""),
        (3, "duplicate"),
        (4, "parent_unknown"),
        (5, "path_invalid"),
        (6, "archived_invalid"),
        (7, "parent_wrong"),
        (8, "name_invalid"),
        (9, "organization_archived"),
        (10, "organization_archived"),
        (11, "name_invalid"),
        (12, "parent_unknown"),
        (13, "path_invalid"),
    ]
    with pytest.raises(InvalidInput) as caught:
        organizations_import(actor=owner, rows=rows(text))
    assert caught.value.code == "lines_wrong"
    assert [one.attr for one in caught.value.errors] == [f"line {n}" for n in range(3, 14)]
    assert (tree(), len(published())) == (before, events)


def test_limits_hold(owner: Actor, europe: Organization, entitle: Entitle) -> None:
    lines = ["path", *("/".join(f"L{n}" for n in range(depth)) for depth in range(1, 17))]
    outcomes = organizations_import(actor=owner, rows=rows("\n".join(lines)), dry_run=True)
    assert [one.code for one in outcomes] == [""] * 15 + ["too_deep"]
    entitle({"organizations.organizations": 5})
    found = organizations_import(actor=owner, rows=rows("path\nA\nB\nC"), dry_run=True)
    assert [one.code for one in found] == ["", "", "too_many"]


def test_many_take_few_statements(owner: Actor, root: Organization) -> None:
    lines = ["path", *(f"D{n // 100} / T{n}" for n in range(1000)), *(f"D{n}" for n in range(10))]
    with CaptureQueriesContext(connection) as captured:
        organizations_import(actor=owner, rows=rows("\n".join(lines)))
    assert len(captured) <= 14, [query["sql"][:80] for query in captured]
    assert Organization.objects.count() == 1011
    root.refresh_from_db()
    assert root.numchild == 10


def test_who_may_import_and_where(
    owner: Actor,
    member: Actor,
    bob: Person,
    bob_member: Member,
    role: Callable[[str], Role],
    europe: Organization,
) -> None:
    with pytest.raises(PermissionDenied):
        organizations_import(actor=member, rows=rows("path\nAsia"))
    bob_member.bindings.all().delete()
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=role("admin").id, organization_id=europe.id
    )
    admin = actor_for(bob)
    assert exported(admin).splitlines() == ["path,archived", "Europe,no", "Europe / Lisbon,no"]
    found = organizations_import(actor=admin, rows=rows("path\nAsia\nEurope / Porto"), dry_run=True)
    assert [one.code for one in found] == ["permission_denied", ""]
    organizations_import(actor=admin, rows=rows("path\nEurope / Porto"))
    assert [name for _depth, name, _ in tree()] == ["Acme", "Europe", "Lisbon", "Porto"]


def test_two_that_look_the_same_are_not_guessed_at(
    owner: Actor, bob: Person, bob_member: Member, role: Callable[[str], Role], root: Organization
) -> None:
    """Whose parents the actor may not see."""
    bob_member.bindings.all().delete()
    for name in ("Europe", "Asia"):
        top = organization_create(actor=owner, name=name, parent_id=root.id)
        sales = organization_create(actor=owner, name="Sales", parent_id=top.id)
        binding_create(
            actor=owner, member_id=bob_member.id, role_id=role("admin").id, organization_id=sales.id
        )
    text = "path\nSales\nSales / Team"
    found = organizations_import(actor=actor_for(bob), rows=rows(text), dry_run=True)
    assert [one.code for one in found] == ["ambiguous", "ambiguous"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no_header"),
        (b"name\nA", "no_header"),
        (b"path,Organization\nA,B", "header_twice"),
        (b"path\n", "no_rows"),
        (b"path\n\xff", "encoding"),
        (b"path\nA\0", "not_csv"),
        (b'path\n"A', "not_csv"),
        (b"path\n" + b"A\n" * (MAX_ROWS + 1), "too_many_rows"),
        (b"path\n" + b"A" * MAX_BYTES, "too_large"),
    ],
)
def test_files_that_cannot_be_read(data: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        organization_csv_read(data)
    assert caught.value.code == code
