"""`manage.py audit`."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from apps.common.tenancy import tenant_context
from apps.trail.archives import archive_step
from apps.trail.chains import PLATFORM_CHAIN, Chain, entries_append
from apps.trail.checkpoints import checkpoint_make
from apps.trail.signing import public_keys
from tests.audit.conftest import new_entry, superuser


def audit(*arguments: str) -> str:
    out = io.StringIO()
    call_command("audit", *arguments, stdout=out)
    return out.getvalue()


def test_verify_says_what_it_checked(chain: Chain, fill: Callable[[int], None]) -> None:
    fill(3)
    checkpoint_make(chain)
    entries_append(PLATFORM_CHAIN, [new_entry(1)])
    lines = audit("verify").splitlines()
    assert lines == [
        "platform: whole, 1 entries up to 1, 0 archived segments, 0 checkpoints, 0 parts erased",
        "acme: whole, 3 entries up to 3, 0 archived segments, 1 checkpoints, 0 parts erased",
        "globex: whole, 0 entries up to 0, 0 archived segments, 0 checkpoints, 0 parts erased",
    ]


def test_verify_names_the_first_broken_entry_and_fails(
    chain: Chain, fill: Callable[[int], None]
) -> None:
    fill(4)
    with superuser(chain) as cursor:
        cursor.execute("UPDATE audit_entry SET address = '203.0.113.8' WHERE seq = 3")
    out = io.StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("audit", "verify", "--tenant", "acme", "--json", stdout=out)
    assert stopped.value.code == 1
    (report,) = json.loads(out.getvalue())
    assert report["problem"] == {
        "seq": 3,
        "kind": "who",
        "detail": "actor, address or client were changed",
    }
    assert (report["is_whole"], report["entries"]) == (False, 2)
    assert "globex: whole" in audit("verify", "--tenant", "globex")


def test_an_archive_is_checked_with_a_public_key_alone(
    chain: Chain, fill: Callable[[int], None], tmp_path: Path, settings: Any
) -> None:
    fill(4)
    segment = archive_step(chain, datetime(2030, 1, 1, tzinfo=UTC))
    assert segment is not None
    path = tmp_path / "segment.jsonl.gz"
    with tenant_context(chain.tenant), default_storage.open(segment.file) as file:
        path.write_bytes(file.read())
    (public,) = public_keys().values()
    assert audit("key") == f"{segment.key_id} {public.hex()}\n"
    settings.SECRET_KEY = "of another installation"
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("audit", "verify", "--archive", str(path), stdout=out)
    assert "not known here" in out.getvalue()
    found = audit("verify", "--archive", str(path), "--public-key", public.hex())
    assert found.startswith(f"{chain.id}: whole, 3 entries up to 3")


@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b\x08\x00garbage"])
def test_what_is_no_archive_is_said_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(CommandError):
        audit("verify", "--archive", str(path))
    with pytest.raises(CommandError):
        audit("verify", "--archive", str(tmp_path / "nowhere"))
    with pytest.raises(CommandError, match="64 hexadecimal digits"):
        audit("verify", "--archive", str(path), "--public-key", "abc")


def test_export(chain: Chain, fill: Callable[[int], None]) -> None:
    fill(2)
    lines = [json.loads(line) for line in audit("export", "--tenant", "acme").splitlines()]
    assert [line["number"] for line in lines] == [1, 2]
    assert lines[0]["data"]["email"] == "ümläut@acme.test"
    assert audit("export", "--tenant", "platform") == ""
    with pytest.raises(CommandError, match="There is no tenant nowhere"):
        audit("export", "--tenant", "nowhere")
