"""The ZIP file: manifest.json, dump.sql, json/, files/. Written in one pass, in bounded memory."""

import hashlib
import json
import re
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import IO, Any

from django.conf import settings

from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.tenants.exports.dump import dump
from apps.tenants.exports.shared import shared_rows
from apps.tenants.exports.snapshot import Snapshot, snapshot
from apps.tenants.models import Tenant

FORMAT_VERSION = 1
# Where archives themselves are kept among the tenant's files; they are not exported again.
FOLDER = "exports"
# Higher levels take several times as long for little.
COMPRESSION_LEVEL = 2
FILE_BLOCK_BYTES = 1024 * 1024
# What some system cannot have in a name, and what would be taken for another one there.
UNSAFE = re.compile(r'[%<>:"|?*\\/\x00-\x1f]|[. ]$|^\.(?=\.?$)')


class Archive:
    """Writes entries, and notes the size and SHA-256 of each for the manifest.

    tick: called after every block and entry, for a heartbeat; what it raises ends the writing.
    """

    def __init__(self, target: IO[bytes], tick: Callable[[], None]) -> None:
        self._zip = zipfile.ZipFile(target, "w")
        self._tick = tick
        self._time = datetime.now(UTC).timetuple()[:6]
        self.entries: dict[str, dict[str, Any]] = {}

    def add(self, name: str, blocks: Iterable[bytes], *, compress: bool = True) -> int:
        """Returns the number of line ends, which in our JSON and SQL data is that of rows."""
        info = zipfile.ZipInfo(name, self._time)
        info.external_attr = 0o600 << 16
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        info._compresslevel = COMPRESSION_LEVEL  # type: ignore[attr-defined]
        digest, size, lines = hashlib.sha256(), 0, 0
        with self._zip.open(info, "w", force_zip64=True) as entry:
            for block in blocks:
                entry.write(block)
                digest.update(block)
                size += len(block)
                lines += block.count(b"\n")
                self._tick()
        self._tick()
        self.entries[name] = {"bytes": size, "sha256": digest.hexdigest()}
        return lines

    def close(self) -> None:
        """Write the directory of entries, without which there is no archive. Again is harmless."""
        self._zip.close()


def entry_name(*parts: str) -> str:
    """A path in the archive that means the same on every system; what is not safe is percent-encoded."""
    return "/".join(UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", part) for part in parts)


@contextmanager
def archive(
    tenant: Tenant,
    target: IO[bytes],
    *,
    progress: Callable[[int, int], None],
    tick: Callable[[], None],
) -> Iterator[dict[str, Any]]:
    """Write everything that the tenant has; yields the manifest when it is written.

    While the block runs the tenant's tables stay locked against dropping: put the archive in its place
    there, so that a deletion of the tenant either waits for it or prevents it. progress(done, total): of
    tables, each being written twice. Raises SchemaUnreadable, what `progress` and `tick` raise, OSError.
    """
    with snapshot(tenant.ref) as found, closing(Archive(target, tick)) as made:
        rows = _tables(found, made, progress)
        for shared in shared_rows():
            made.add(
                f"json/public/{shared.name}.jsonl",
                found.objects(shared.query, tenant_id=tenant.id),
            )
        missing = _files(tenant, made)
        manifest = {
            "format": FORMAT_VERSION,
            "tenant": {"id": str(tenant.id), "slug": tenant.slug, "name": tenant.name},
            "schema": tenant.schema_name,
            "platform": _platform_version(),
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "migrations": [
                f"{app}.{name}"
                for app, name in found.rows("SELECT app, name FROM django_migrations ORDER BY id")
            ],
            "tables": rows,
            "entries": made.entries,
            "missing_files": missing,
        }
        # Last, because it has the sums of all others.
        made.add("manifest.json", [json.dumps(manifest, indent=2, ensure_ascii=False).encode()])
        made.close()
        yield manifest


def _tables(found: Snapshot, made: Archive, progress: Callable[[int, int], None]) -> dict[str, int]:
    """Every table as SQL, then every table as JSON; returns how many rows each has."""
    total, done = 2 * len(found.tables), 0

    def table_done() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    progress(0, total)
    rows: dict[str, int] = {}
    made.add("dump.sql", dump(found, table_done=table_done, rows=rows))
    for table in found.tables:
        counted = made.add(f"json/{entry_name(table.name)}.jsonl", found.table_objects(table))
        if counted != rows[table.name]:
            raise RuntimeError(f"{table.name}: {rows[table.name]} rows as SQL, {counted} as JSON")
        table_done()
    return rows


def _files(tenant: Tenant, made: Archive) -> list[str]:
    """Every file but the archives; returns those that were deleted before they were read."""
    missing = []
    with tenant_context(tenant):
        for name in tenant_files.walk():
            if name.startswith(f"{FOLDER}/"):
                continue
            try:
                file = tenant_files.open(name)
            except FileNotFoundError:
                missing.append(name)
                continue
            with file:
                made.add(
                    entry_name("files", *name.split("/")),
                    file.chunks(FILE_BLOCK_BYTES),
                    compress=False,
                )
    return missing


@cache
def _platform_version() -> str:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    return str(project["project"]["version"])
