"""The account a server runs as when the caller is root, which PostgreSQL refuses to be."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.common.embedded.errors import ServiceError
from apps.common.embedded.process import SERVER_ENV

ACCOUNTS = ("postgres", "nobody")
NOBODY_ID = 65_534
# The kernel shows the server another uid; outside of the namespace it stays root.
USER_NAMESPACE = (
    "unshare", "--user", f"--map-user={NOBODY_ID}", f"--map-group={NOBODY_ID}", "--",
)  # fmt: skip


@dataclass(frozen=True)
class Identity:
    """How to run a program as somebody: options for Popen, and words before the command."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    @property
    def popen_options(self) -> dict[str, Any]:
        if (self.uid, self.gid) == (os.geteuid(), os.getegid()):
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Make a file or folder the server's."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)


def choose_identity(*, place: Path, settled: bool, binary: Path, root_suffices: bool) -> Identity:
    """Find who can run the server with its data in this folder, and make the folder theirs.

    An ordinary user runs it as itself. Root runs it as the owner of settled data, else as
    `postgres` or `nobody`, else, where those may not enter a parent folder, in a user namespace.
    root_suffices: the server does not mind to be root. Raises ServiceError.
    """
    if os.geteuid() != 0:
        return _ordinary(place, binary)
    for candidate in _candidates(place if settled else None, root_suffices):
        candidate.own(place)
        if _can_run(candidate, place, binary):
            return candidate
    raise ServiceError(
        f"You are root, and {binary.name} must not be. No other account may enter {place.parent} "
        f"and run {binary}, and user namespaces are not available. Move the project to a folder "
        "that every account may pass through (such as /srv), or run it as an ordinary user, or "
        "set DATABASE_URL and REDIS_URL to servers of your own."
    )


def _ordinary(place: Path, binary: Path) -> Identity:
    """The caller itself; under another name if it has none, as in a container with any uid."""
    caller = Identity(os.geteuid(), os.getegid())
    if _name(caller.uid):
        return caller
    # initdb insists on a name; the namespace lends it that of nobody.
    named = Identity(caller.uid, caller.gid, USER_NAMESPACE)
    return named if _can_run(named, place, binary) else caller


def _name(uid: int) -> str | None:
    import pwd  # noqa: PLC0415 (Unix only, and this module must load on Windows)

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def _candidates(data: Path | None, root_suffices: bool) -> list[Identity]:
    root, namespaced = Identity(0, 0), Identity(0, 0, USER_NAMESPACE)
    as_root = [namespaced] if shutil.which(USER_NAMESPACE[0]) else []
    if root_suffices:
        as_root.append(root)
    if data:
        owner = data.stat()
        return [Identity(owner.st_uid, owner.st_gid)] if owner.st_uid else as_root
    return [*(Identity(*ids) for ids in map(_account, ACCOUNTS) if ids), *as_root]


def _account(name: str) -> tuple[int, int] | None:
    import pwd  # noqa: PLC0415 (Unix only, and this module must load on Windows)

    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid


def _can_run(identity: Identity, folder: Path, binary: Path) -> bool:
    """Try it for real: modes, ACLs, mount options and kernel settings all have a say."""
    script = 'test -w "$1" && exec "$2" --version'
    command = [*identity.prefix, "/bin/sh", "-c", script, "sh", str(folder), str(binary)]
    try:
        probe = subprocess.run(
            command, capture_output=True, check=False, env=SERVER_ENV, **identity.popen_options
        )
    except OSError:
        return False
    return probe.returncode == 0
