"""Permissions that tests declare, or take away, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from apps.common import access
from apps.common.access import Permission


@contextmanager
def declared(*added: Permission, without: tuple[str, ...] = ()) -> Iterator[None]:
    """The registry with some permissions more, and others gone as after a release that dropped them."""
    before, conflicts = dict(access._permissions), list(access._conflicting)
    for code in without:
        del access._permissions[code]
    access.register_permissions(added)
    try:
        yield
    finally:
        access._permissions.clear()
        access._permissions.update(before)
        access._conflicting[:] = conflicts
        access.forget_derived()


def permission(code: str, **fields: object) -> Permission:
    return Permission(code, "Label", "Description.", **fields)  # type: ignore[arg-type]
