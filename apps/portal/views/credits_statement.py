"""The statement: every transaction, and what one of them moved."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.common.actors import ActorKind
from apps.credits.enums import AccountKind, TransactionKind
from apps.credits.models import Account, Entry, Grant
from apps.credits.operations import operations
from apps.credits.permissions import VIEW_CREDITS
from apps.credits.selectors_pages import (
    Name,
    Names,
    entries_of,
    names_for,
    transaction_for,
    transactions_between,
    transactions_for,
)
from apps.credits.selectors_pages_usage import NOBODY, member_is, organization_is
from apps.portal.http import WorkspaceRequest, require, workspace_page
from apps.portal.paging import paginate
from apps.portal.periods import MAX_DAYS, period_choices, period_of
from apps.portal.views.credits_usage import (
    filters_of,
    member_name,
    operation_name,
    place_name,
)

ENTRIES_SHOWN = 200
RELATED_SHOWN = 100
TONES = {
    TransactionKind.GRANT: "success",
    TransactionKind.REFUND: "success",
    TransactionKind.HOLD: "info",
    TransactionKind.EXPIRY: "warning",
    TransactionKind.ROLLOVER: "warning",
    TransactionKind.REVOCATION: "danger",
    TransactionKind.ADJUSTMENT: "danger",
}
# What the transaction that it names is to it.
RELATIONS = {
    TransactionKind.REFUND: gettext_lazy("of what was spent"),
    TransactionKind.CAPTURE: gettext_lazy("of a hold"),
    TransactionKind.RELEASE: gettext_lazy("of a hold"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """row: a transaction with its `effect`. place: the organization's name; empty: none."""

    row: Any
    who: str
    place: str

    @property
    def kind(self) -> TransactionKind:
        return TransactionKind(self.row.kind)

    @property
    def tone(self) -> str:
        return TONES.get(self.kind, "")

    @property
    def what(self) -> str:
        if self.row.operation:
            return operation_name(self.row.operation)
        said = self.row.details.get("description") or self.row.details.get("reason")
        return str(said or self.kind.label)

    @property
    def relation(self) -> str:
        """What it is to the transaction `related_id`; empty where that is none."""
        return str(RELATIONS.get(self.kind, ""))

    @property
    def moved_besides(self) -> bool:
        """Whether more was moved than the balance says, e.g. from one grant to another."""
        return bool(self.row.effect) and abs(self.row.effect) != self.row.amount_microcredits

    @property
    def has_balance(self) -> bool:
        """What remains of a hold is no balance."""
        return self.kind != TransactionKind.CAPTURE


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?kind=`, `?organization=`, `?member=`, `?operation=`, and a period as of usage. Two statements."""
    require(request.actor, VIEW_CREDITS)
    period = period_of(request.GET, default="90")
    filters = filters_of(request, period)
    kind = request.GET.get("kind", "")
    kind = kind if kind in TransactionKind.values else ""
    found = transactions_for(request.actor).filter(
        organization_is(filters.organization), member_is(filters.member)
    )
    found = transactions_between(found, period.begins_at, period.ends_at)
    if kind:
        found = found.filter(kind=kind)
    if filters.operation:
        found = found.filter(operation=filters.operation)
    page = paginate(request, found, newest_first=True)
    names = names_for(request.actor, transactions=page.items)
    context = {
        "page": page,
        "lines": [_line(row, names) for row in page.items],
        "period": period,
        "max_days": MAX_DAYS,
        "ranges": period_choices(datetime.now(UTC).date()),
        "filters": filters,
        "is_filtered": filters.is_narrowed or bool(kind),
        "kind": kind,
        "kinds": TransactionKind.choices,
        "organizations": names.places,
        "operations": [(code, str(one.label)) for code, one in operations().items()],
        "nobody": NOBODY,
    }
    return render(request, "portal/credits/statement.html", context)


@require_safe
@workspace_page
def detail(request: WorkspaceRequest, transaction_id: uuid.UUID) -> HttpResponse:
    """One transaction with its entries, and those that it belongs together with. Three statements."""
    require(request.actor, VIEW_CREDITS)
    row, related = transaction_for(request.actor, transaction_id, RELATED_SHOWN)
    entries = entries_of(row, ENTRIES_SHOWN + 1)
    accounts = [one for entry in entries for one in (entry.debited_account, entry.credited_account)]
    named = [row.organization_id, *(one.organization_id for one in (*related, *accounts))]
    names = names_for(
        request.actor,
        place_ids={one for one in named if one},
        transactions=[row, *related],
    )
    details = dict(row.details)
    context = {
        "line": _line(row, names),
        "related": [_line(one, names) for one in related],
        "entries": [_entry(one, names) for one in entries[:ENTRIES_SHOWN]],
        "more_entries": len(entries) > ENTRIES_SHOWN,
        # Product code may keep beside a spending what it likes, also under these names.
        "quantity": _count(details, "quantity"),
        "unit": _unit(row.operation),
        "rate": _count(details, "rate"),
        "reason": details.pop("reason", None),
        "details": [(name.replace("_", " ").capitalize(), one) for name, one in details.items()],
    }
    return render(request, "portal/credits/transaction.html", context)


def _line(row: Any, names: Names) -> Line:
    place = place_name(row.organization_id, names) if row.organization_id else ""
    return Line(row, _who(row, names), place)


def _who(row: Any, names: Names) -> str:
    """Whose it is; else who did it."""
    if row.member_id is not None:
        return member_name(row.member_id, names).text
    match row.actor_kind:
        case ActorKind.PERSON:
            return names.people.get(row.actor_id, Name(_("Former member"))).text
        case ActorKind.API_KEY:
            return names.keys.get(row.actor_id, _("A deleted API key"))
        case ActorKind.STAFF:
            return _("Support")
    return _("The platform")


def _count(details: dict[str, Any], name: str) -> int | None:
    """Taken out, where it is a whole number."""
    value = details.get(name)
    return details.pop(name) if type(value) is int else None


def _unit(code: str) -> str:
    found = operations().get(code)
    return str(found.unit) if found else ""


@dataclass(frozen=True, slots=True)
class EntryLine:
    debited: str
    credited: str
    grant: Grant
    amount: int


def _entry(one: Entry, names: Names) -> EntryLine:
    return EntryLine(
        _account(one.debited_account, names),
        _account(one.credited_account, names),
        one.grant,
        one.amount_microcredits,
    )


def _account(one: Account, names: Names) -> str:
    if one.kind == AccountKind.BUDGET:
        return _("Budget of %(name)s") % {"name": place_name(one.organization_id, names)}
    return str(one.get_kind_display())
