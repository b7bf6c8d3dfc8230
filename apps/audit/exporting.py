"""Entries as a stream, oldest first: memory for one batch, however many there are.

By the number, a statement a batch, not by a cursor in the database: that would need a transaction as long as
somebody's download, and does not get through PgBouncer in transaction mode. Numbers are given in the order of
commits, so nothing is missed or comes twice.
"""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from apps.audit.chains import chain_of
from apps.audit.representation import csv_header, csv_lines, json_lines, rows_of
from apps.audit.selectors import Filters, entries_matching
from apps.common.actors import Actor
from apps.common.rate_limits import Limit
from apps.common.tenancy import TenantRef, tenant_context
from apps.trail.chains import PLATFORM_CHAIN

BATCH = 2000
# Each may read all that there is.
EXPORTS = Limit("audit.exports", at_most=30, window_s=3600)
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


def export_count(actor: Actor) -> None:
    """One more file for a member or a program. Raises RateLimited."""
    EXPORTS.require(
        str(actor.api_key_id or actor.member_id),
        detail=_("You have exported the audit log often within an hour. Go on later."),
    )


def export_lines(tenant: TenantRef | None, filters: Filters, form: str) -> Iterator[bytes]:
    """form: csv or ndjson. tenant: None for the platform's chain, by the system.

    Enters the tenant for each batch: a response is sent when the request has left it.
    """
    write = csv_lines if form == "csv" else json_lines
    model = chain_of(tenant).model if tenant else PLATFORM_CHAIN.model
    if form == "csv":
        yield csv_header()
    after = 0
    while True:
        with tenant_context(tenant):
            rows = entries_matching(model._default_manager.all(), filters)
            found = list(rows_of(rows.filter(seq__gt=after).order_by("seq")[:BATCH]))
        if not found:
            return
        yield write(found)
        after = found[-1][0]
