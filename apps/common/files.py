"""Files: each belongs to a tenant, lies in that tenant's folder, and is fetched by a link that expires.

Names are relative to the folder `tenants/<tenant id>/` of the tenant of the moment. The folder is a part
of the storage's location and not of any name, so that code in one tenant cannot spell a file of another.
"""

import errno
import os
import unicodedata
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import cast

from django.conf import settings
from django.core import signing
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage
from django.core.files.storage import default_storage as _default_storage
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.common.errors import Gone, NotFound
from apps.common.tenancy import require_tenant
from apps.common.urls import host_url, slug_host

TENANTS_FOLDER = "tenants"
LINK_LIFETIME_S = 600
# Characters that no name needs: controls, surrogates, invisible formatting, line separators.
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})

_signer = signing.TimestampSigner(salt="common.files")


def name_check(name: str) -> str:
    """A file's name as it was given, if it can only mean a place in the tenant's folder.

    Raises SuspiciousFileOperation for an absolute name, `..`, a backslash, a control character, and for a
    path from the storage's root instead of a name.
    """
    parts = name.split("/")
    if (
        any(part in ("", ".", "..") for part in parts)
        or "\\" in name
        or any(unicodedata.category(character) in UNPRINTABLE for character in name)
        or parts[0] == TENANTS_FOLDER
    ):
        raise SuspiciousFileOperation(f"not the name of a file of a tenant: {name!r}")
    return name


class TenantFiles(FileSystemStorage):
    """The default storage. Every operation is on the files of the tenant of the moment, or raises NoTenant.

    Another storage takes its place by the same four: `location`, `url`, `walk` and `delete_some`.
    """

    _location: str | None

    @property
    def base_location(self) -> str:
        """The folder with all tenants' folders."""
        return str(self._value_or_setting(self._location, settings.FILES_ROOT))

    @property
    def location(self) -> str:
        return os.path.join(  # noqa: PTH118 - the base class works with texts
            os.path.abspath(self.base_location),  # noqa: PTH100
            TENANTS_FOLDER,
            str(require_tenant().id),
        )

    def path(self, name: str) -> str:
        return super().path(name_check(name))

    def save(self, name: str | None, content: object, max_length: int | None = None) -> str:
        # Before Django's own check, which turns a backslash into a slash first.
        name_check(str(content.name if name is None else name))  # type: ignore[attr-defined]
        return super().save(name, content, max_length)  # type: ignore[arg-type]

    def _save(self, name: str, content: object) -> str:
        """On the disk, not only on its way there, before anybody is told that it is kept."""
        saved = super()._save(name, content)  # type: ignore[misc]
        path = self.path(saved)
        for place in (path, os.path.dirname(path)):  # noqa: PTH120
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return str(saved)

    def listdir(self, path: str = "") -> tuple[list[str], list[str]]:
        """Names of the folders and of the files in a folder; the empty path is the tenant's own."""
        folder = self.path(path) if path else self.location
        folders: list[str] = []
        files: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    (folders if entry.is_dir() else files).append(entry.name)
        except FileNotFoundError:
            if path:
                raise
        return folders, files

    def url(self, name: str | None, download_name: str | None = None) -> str:
        """A link on the tenant's subdomain, good for LINK_LIFETIME_S; whoever has it gets the file.

        There and nowhere else: a domain of the tenant's own may be somebody else's tomorrow.
        download_name: what a browser saves it as; the last part of the name unless given.
        """
        name = name_check(name or "")
        host = slug_host(require_tenant().slug)
        payload = [
            *(require_tenant().id.hex, host, name),
            download_name or name.rpartition("/")[2],
        ]
        token = _signer.sign_object(payload)
        return host_url(host, reverse("file", args=[token], urlconf=settings.TENANT_URLCONF))

    def walk(self, folder: str = "") -> Iterator[str]:
        """Names of all files of the tenant in and below a folder, in order, a folder at a time."""
        folders, files = self.listdir(folder)
        prefix = f"{folder}/" if folder else ""
        yield from (f"{prefix}{file}" for file in sorted(files))
        for inner in sorted(folders):
            yield from self.walk(f"{prefix}{inner}")

    def delete_some(self, limit: int) -> int:
        """Delete at most `limit` of the tenant's files and empty folders; returns how many went.

        0: nothing is left. Safe to run twice at once, and to be killed in.
        """
        return _delete_some(self.location, limit)


def _delete_some(folder: str, limit: int) -> int:
    try:
        with os.scandir(folder) as entries:
            found = list(islice(entries, limit))
    except FileNotFoundError:
        return 0
    deleted = 0
    for entry in found:
        if deleted >= limit:
            return deleted
        if entry.is_dir(follow_symlinks=False):
            deleted += _delete_some(entry.path, limit - deleted)
        else:
            try:
                os.unlink(entry.path)  # noqa: PTH108
            except FileNotFoundError:
                continue
            deleted += 1
    if len(found) < limit and deleted < limit:
        try:
            os.rmdir(folder)  # noqa: PTH106
        except FileNotFoundError:
            return deleted
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            # Something was put there meanwhile: the next call finds it.
        deleted += 1
    return deleted


# The storage that STORAGES names; the annotation is for what it has beyond Django's.
tenant_files = cast(TenantFiles, _default_storage)


@dataclass(frozen=True, slots=True)
class FileLink:
    name: str
    download_name: str


def link_read(token: str, host: str) -> FileLink:
    """What a link leads to, in the tenant of the moment. host: where it was opened, without a port.

    Raises NotFound for what was not signed, or not for this tenant and host; Gone when it has expired.
    """
    try:
        tenant_id, signed_host, name, download_name = _signer.unsign_object(token)
    except signing.BadSignature as error:
        raise NotFound from error
    if uuid.UUID(tenant_id) != require_tenant().id or signed_host != host:
        raise NotFound
    try:
        _signer.unsign(token, max_age=LINK_LIFETIME_S)
    except signing.SignatureExpired as error:
        raise Gone(
            _("This link has expired. Go back to the page that it is from and reload it."),
            code="link_expired",
        ) from error
    return FileLink(name, download_name)
