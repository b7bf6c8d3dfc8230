"""What differs in the database from how the platform made it, and how to mend it.

Looks at all tenants at once, by a fixed number of statements: `manage.py tenants drift`.
"""

from collections.abc import Iterator

from apps.common.database import system_connection
from apps.tenants.drift import grants, orphans, policies, roles, structure
from apps.tenants.drift.finding import Finding

FINDERS = (policies.find, roles.find, grants.find, structure.find, orphans.find)


@system_connection()
def drift_find() -> list[Finding]:
    """Everything that is found, in the order in which it is best mended."""
    return list(_all())


def _all() -> Iterator[Finding]:
    for find in FINDERS:
        yield from find()


@system_connection()
def drift_mend(findings: list[Finding], *, drop_orphans: bool = False) -> int:
    """Mend what can be mended, one transaction each; returns how many were.

    drop_orphans: also drop schemas and roles that no tenant has. Raises DatabaseError where one cannot.
    """
    mended = 0
    for finding in findings:
        if finding.is_mendable(drop_orphans):
            finding.run()
            mended += 1
    return mended


__all__ = ["Finding", "drift_find", "drift_mend"]
