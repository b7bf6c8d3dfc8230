"""The default storage: a folder for each tenant, and links that expire."""

import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from apps.common import files
from apps.common.errors import Gone, NotFound
from apps.common.files import link_read, tenant_files
from apps.common.tenancy import NoTenant, TenantRef, tenant_context

ACME = TenantRef(UUID("0197c2a4-0000-7000-8000-00000000000a"), "acme", "t_acme_1")
GLOBEX = TenantRef(UUID("0197c2a4-0000-7000-8000-00000000000b"), "globex", "t_globex_1")
BAD_NAMES = [
    "", "/etc/passwd", "../x", "a/../../x", "a/..", ".", "./x", "a//b", "a/", "a\\..\\..\\x", "a\0b", "a\nb",
    "a\x7fb", "a\u202eb", "a\u2028b", "\ud800", f"tenants/{GLOBEX.id}/secret.txt", "tenants/x",
]  # fmt: skip


def content(text: str = "hello") -> ContentFile:
    return ContentFile(text.encode())


def test_files_lie_in_the_tenants_folder(settings: Any) -> None:
    with tenant_context(ACME):
        assert default_storage.save("logos/a.txt", content()) == "logos/a.txt"
        with default_storage.open("logos/a.txt") as file:
            assert file.read() == b"hello"
    path = Path(settings.FILES_ROOT) / "tenants" / str(ACME.id) / "logos" / "a.txt"
    assert path.read_text() == "hello"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750


def test_the_same_name_is_another_file_in_another_tenant() -> None:
    for ref in (ACME, GLOBEX):
        with tenant_context(ref):
            default_storage.save("a.txt", content(ref.slug))
    with tenant_context(GLOBEX):
        default_storage.delete("a.txt")
        assert not default_storage.exists("a.txt")
        with pytest.raises(FileNotFoundError):
            default_storage.open("a.txt")
        assert default_storage.listdir("") == ([], [])
    with tenant_context(ACME):
        with default_storage.open("a.txt") as file:
            assert file.read() == b"acme"
        assert default_storage.size("a.txt") == 4


def test_a_name_that_is_taken_gets_another() -> None:
    with tenant_context(ACME):
        default_storage.save("a.txt", content())
        other = default_storage.save("a.txt", content())
        assert other != "a.txt"
        assert sorted(tenant_files.walk()) == sorted(["a.txt", other])


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_names_that_leave_the_folder_are_refused(name: str, settings: Any) -> None:
    with tenant_context(GLOBEX):
        default_storage.save("secret.txt", content())
    acts = [
        lambda: default_storage.save(name, content()),
        lambda: default_storage.open(name),
        lambda: default_storage.exists(name),
        lambda: default_storage.size(name),
        lambda: default_storage.url(name),
        lambda: default_storage.get_modified_time(name),
        lambda: default_storage.path(name),
    ]
    if name:  # Django's own says ValueError for none
        acts += [lambda: default_storage.delete(name), lambda: default_storage.listdir(name)]
    with tenant_context(ACME):
        for act in acts:
            with pytest.raises(SuspiciousFileOperation):
                act()
    found = [path for path in Path(settings.FILES_ROOT).rglob("*") if path.is_file()]
    assert [path.name for path in found] == ["secret.txt"]


def test_without_a_tenant_there_are_no_files() -> None:
    for act in (
        lambda: default_storage.save("a.txt", content()),
        lambda: default_storage.open("a.txt"),
        lambda: default_storage.exists("a.txt"),
        lambda: default_storage.delete("a.txt"),
        lambda: default_storage.listdir(""),
        lambda: default_storage.url("a.txt"),
        lambda: list(tenant_files.walk()),
        lambda: tenant_files.delete_some(1),
    ):
        with tenant_context(None), pytest.raises(NoTenant):
            act()


def test_walk_finds_all() -> None:
    names = ["a.txt", "z.txt", "b/1", "b/c/2", "d/3"]
    with tenant_context(ACME):
        for name in names:
            default_storage.save(name, content())
        assert list(tenant_files.walk()) == names
        assert list(tenant_files.walk("b")) == ["b/1", "b/c/2"]
        with pytest.raises(FileNotFoundError):
            list(tenant_files.walk("none"))


def test_everything_is_deleted_in_batches(settings: Any) -> None:
    with tenant_context(GLOBEX):
        default_storage.save("theirs.txt", content())
    with tenant_context(ACME):
        for number in range(7):
            default_storage.save(f"a/b{number % 2}/{number}", content())
        batches = []
        while batch := tenant_files.delete_some(3):
            batches.append(batch)
        # Seven files; the folders a/b0, a/b1, a and the tenant's own.
        assert sum(batches) == 11
        assert max(batches) == 3
    folders = [path.name for path in (Path(settings.FILES_ROOT) / "tenants").iterdir()]
    assert folders == [str(GLOBEX.id)]


def test_deleting_follows_no_link_out_of_the_folder(settings: Any, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    with tenant_context(ACME):
        default_storage.save("a.txt", content())
        (Path(settings.FILES_ROOT) / "tenants" / str(ACME.id) / "link").symlink_to(kept)
        while tenant_files.delete_some(10):
            pass
    assert (kept / "file").exists()


HOST = "acme.localhost"


class TestLinks:
    def test_leads_to_the_file_in_its_tenant_only(self) -> None:
        with tenant_context(ACME):
            url = default_storage.url("a/b.txt")
            assert link_read(token(url), HOST) == files.FileLink("a/b.txt", "b.txt")
            named = tenant_files.url("a/b.txt", "Ünder.txt")
            assert link_read(token(named), HOST).download_name == "Ünder.txt"
            for elsewhere in ("acme.example", "globex.localhost", "localhost", ""):
                with pytest.raises(NotFound):
                    link_read(token(url), elsewhere)
        with tenant_context(GLOBEX), pytest.raises(NotFound):
            link_read(token(url), HOST)

    def test_no_byte_of_it_can_be_changed(self) -> None:
        with tenant_context(ACME):
            good = token(default_storage.url("a.txt"))
            for at, character in enumerate(good):
                with pytest.raises(NotFound):
                    link_read(good[:at] + ("A" if character != "A" else "B") + good[at + 1 :], HOST)
            for bad in ("", "x", good[:-1], good + "A", ":::", "é", "\ud800"):
                with pytest.raises(NotFound):
                    link_read(bad, HOST)

    def test_expires(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with tenant_context(ACME):
            good = token(default_storage.url("a.txt"))
            monkeypatch.setattr(files, "LINK_LIFETIME_S", -1)
            with pytest.raises(Gone):
                link_read(good, HOST)
        # To another tenant it is not even expired.
        with tenant_context(GLOBEX), pytest.raises(NotFound):
            link_read(good, HOST)


def token(url: str) -> str:
    assert url.startswith(f"http://{HOST}:8000/files/")
    return url.split("/files/")[1].removesuffix("/")
