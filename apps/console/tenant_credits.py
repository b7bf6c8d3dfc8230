"""A tenant's credits: what there is, where it came from, what is set aside, and what waits for approval."""

import uuid
from collections.abc import Mapping, Sequence

from django.db.models import Sum
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.accounts.models import Person
from apps.common.actors import ActorKind
from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.pages import Cell, Facts, Section, Table
from apps.console.tenant_acts_access import act_link
from apps.credits.amounts import credits_format
from apps.credits.enums import AccountKind, AdjustmentState, HoldState
from apps.credits.models import SPENDABLE, Account, AdjustmentRequest, Grant, Hold, Transaction
from apps.organizations.models import Organization
from apps.tenants.models import Tenant

SHOWN = 25
TONES = {"pending": "info", "approved": "good", "declined": "quiet"}


def credits_sections(tenant: Tenant) -> list[Section]:
    """Six statements in the tenant, and one for the names of staff."""
    now = timezone.now()
    with tenant_context(tenant):
        asked = list(AdjustmentRequest.objects.select_related("account").order_by("-id")[:SHOWN])
        accounts = list(
            Account.objects.filter(kind__in=SPENDABLE).order_by("-kind", "-balance_microcredits")[
                :SHOWN
            ]
        )
        grants = list(
            Grant.objects.annotate(left=Sum("lots__remaining_microcredits")).order_by("-id")[:SHOWN]
        )
        holds = list(Hold.objects.filter(state=HoldState.OPEN).order_by("expires_at", "id")[:SHOWN])
        rows = list(Transaction.objects.order_by("-id")[:SHOWN])
        named: tuple[Account | Hold | Transaction, ...] = (*accounts, *holds, *rows)
        wanted = {one.organization_id for one in named if one.organization_id}
        names = dict(Organization.objects.filter(id__in=wanted).values_list("id", "name"))
    staff = _staff(asked, rows)
    wallet = next(one for one in accounts if one.kind == AccountKind.WALLET)
    return [
        Facts("Wallet", _facts(wallet)),
        Table(
            "Waiting for a second person, and decided",
            ("Asked", "Credits", "Account", "Reason", "By", "State", "Act"),
            [_asked(tenant, one, staff, names) for one in asked],
            empty="Nobody has asked for an adjustment above what one person may make alone.",
        ),
        Table(
            _title("Accounts", accounts),
            ("Account", "Credits", "State", "Id", "Act"),
            [_account(tenant, one, names) for one in accounts],
            empty="It has none.",
        ),
        Table(
            _title("Grants", grants, "the latest"),
            ("Grant", "Source", "Credits", "Left", "Good until", "State", "Act"),
            [_grant(tenant, one) for one in grants],
            empty="No credits have been given to it.",
        ),
        Table(
            _title("Open holds", holds, "the first"),
            ("Operation", "Credits", "Left", "Organization", "Expires", "Id"),
            [
                (
                    one.operation,
                    credits_format(one.amount_microcredits),
                    credits_format(one.remaining_microcredits),
                    _name(one.organization_id, names),
                    r.badge("Over", "warn") if one.expires_at <= now else r.when(one.expires_at),
                    r.code(one.pk),
                )
                for one in holds
            ],
            empty="Nothing is held.",
        ),
        Table(
            _title("Transactions", rows, "the latest"),
            ("When", "Kind", "Credits", "Balance after", "Operation", "Organization", "By", "Id"),
            [
                (
                    r.when(one.created_at),
                    one.get_kind_display(),
                    credits_format(one.amount_microcredits),
                    credits_format(one.balance_after_microcredits),
                    one.operation or r.NONE,
                    _name(one.organization_id, names),
                    staff.get(one.actor_id, one.actor_kind) if one.actor_id else one.actor_kind,
                    r.code(one.pk),
                )
                for one in rows
            ],
            empty="Nothing has happened yet.",
        ),
    ]


def _staff(
    asked: Sequence[AdjustmentRequest], rows: Sequence[Transaction]
) -> Mapping[uuid.UUID, str]:
    """Addresses of the staff who asked, decided and acted. One statement."""
    wanted = {one.requested_by for one in asked}
    wanted |= {one.decided_by for one in asked if one.decided_by}
    wanted |= {one.actor_id for one in rows if one.actor_kind == ActorKind.STAFF and one.actor_id}
    people = Person.objects.filter(id__in=wanted)
    return dict(people.values_list("id", "email"))


def _title(name: str, rows: Sequence[object], which: str = "the largest") -> str:
    return f"{name}, {which} {SHOWN}" if len(rows) == SHOWN else name


def _facts(wallet: Account) -> Sequence[tuple[str, Cell]]:
    rows: list[tuple[str, Cell]] = [
        ("Credits", credits_format(wallet.balance_microcredits)),
        ("State", _state(wallet)),
    ]
    if wallet.frozen_at is not None:
        rows += [("Frozen", r.exact(wallet.frozen_at)), ("Why", wallet.frozen_reason)]
    if wallet.alert_below_microcredits is not None:
        rows.append(("Alert below", credits_format(wallet.alert_below_microcredits)))
    return rows


def _state(account: Account) -> SafeString:
    if account.frozen_at is not None:
        return r.badge("Frozen", "bad")
    return r.badge("Low", "warn") if account.low_at is not None else r.badge("Open", "good")


def _name(organization_id: uuid.UUID | None, names: Mapping[uuid.UUID, str]) -> Cell:
    if organization_id is None:
        return r.NONE
    return names.get(organization_id, f"deleted, {organization_id}")


def account_name(account: Account, names: Mapping[uuid.UUID, str]) -> str:
    if account.organization_id is None:
        return str(account.get_kind_display())
    return f"Budget of {_name(account.organization_id, names)}"


def _account(tenant: Tenant, one: Account, names: Mapping[uuid.UUID, str]) -> Sequence[Cell]:
    is_frozen = one.frozen_at is not None
    return (
        account_name(one, names),
        credits_format(one.balance_microcredits),
        _state(one),
        r.code(one.pk),
        act_link(
            tenant,
            "unfreeze_account" if is_frozen else "freeze_account",
            one.pk,
            "Unfreeze" if is_frozen else "Freeze",
        ),
    )


def _grant(tenant: Tenant, one: Grant) -> Sequence[Cell]:
    left: int = getattr(one, "left", None) or 0
    state, act = r.badge("Used up", "quiet"), r.NONE
    if one.revoked_at is not None:
        state = r.badge("Revoked", "bad")
    elif one.expires_at is not None and one.expires_at <= timezone.now():
        state = r.badge("Expired", "quiet")
    elif left:
        state = r.badge("Usable", "good")
        act = act_link(tenant, "revoke_grant", one.pk, "Revoke")
    return (
        str(one),
        one.get_source_display(),
        credits_format(one.amount_microcredits),
        credits_format(left),
        r.exact(one.expires_at) if one.expires_at else "Without end",
        state,
        act,
    )


def _asked(
    tenant: Tenant,
    one: AdjustmentRequest,
    staff: Mapping[uuid.UUID, str],
    names: Mapping[uuid.UUID, str],
) -> Sequence[Cell]:
    is_open = one.is_open(timezone.now())
    state = r.badge(one.get_state_display(), TONES[one.state])
    if one.state == AdjustmentState.PENDING and not is_open:
        state = r.badge("Not decided in time", "warn")
    decided = staff.get(one.decided_by, "") if one.decided_by else ""
    return (
        r.when(one.created_at),
        credits_format(one.amount_microcredits, signed=True),
        account_name(one.account, names),
        one.reason,
        f"{staff.get(one.requested_by, '–')}, {decided}"
        if decided
        else staff.get(one.requested_by, "–"),
        state,
        r.both(
            act_link(tenant, "approve_adjustment", one.pk, "Approve"),
            act_link(tenant, "decline_adjustment", one.pk, "Decline"),
        )
        if is_open
        else r.NONE,
    )
