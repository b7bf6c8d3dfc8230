"""Members as actors: who they are in the entered tenant, and what they hold there now."""

import json
import uuid
from dataclasses import replace
from datetime import datetime
from enum import Enum, auto
from functools import cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import JSONObject
from django.utils import timezone

from apps.accounts.models import Person, SignInPolicy
from apps.accounts.oidc.enforcement import (
    enforced_break_glass_ids,
    require_met,
    sso_rule_of,
    verified_domains,
)
from apps.accounts.sign_in_policy import require_satisfied
from apps.common.access import without_dangerous
from apps.common.actors import Actor, ActorKind, Grant
from apps.common.errors import NotFound
from apps.common.proofs import Proof
from apps.common.tenancy import require_tenant
from apps.organizations.enums import MemberStatus
from apps.organizations.holders import not_ended
from apps.organizations.models import Member, RoleBinding
from apps.roles.models import ROLE_COLUMNS, role_permissions


def actor_for(person: Person, proof: Proof | None = None) -> Actor:
    """The person as an actor of the entered tenant, with what they hold. One statement.

    proof: of the sign-in. Raises NotFound for who is no active member: a tenant one can't
    enter is like none; MfaRequired where that does not satisfy the tenant's sign-in policy, SsoRequired
    where they have to come in by its identity provider.
    """
    found = _read("person_id", person.id, active_only=True)
    if found is None:
        raise NotFound
    actor = replace(found, proof=proof)
    require_satisfied(actor.require_mfa, actor.methods)
    if actor.impersonator is not None:
        # The platform vouches for its staff; the tenant's identity provider does not know them.
        return replace(actor, grants=tuple(without_dangerous(one) for one in actor.grants))
    require_met(actor.sso_rule, actor.methods)
    return actor


def actor_of_member(member_id: uuid.UUID, *, active_only: bool = True) -> Actor | None:
    """A member as an actor, with what they hold now. One statement.

    active_only: None for who is deactivated; nobody has been removed in any case.
    """
    return _read("id", member_id, active_only=active_only)


def _read(field: str, value: uuid.UUID, *, active_only: bool) -> Actor | None:
    """The one member whose field has this value as an actor. One statement.

    What is bound to groups is looked up here, at each reading, and written to no member
    (docs/adr/0024). `good_until` is when the first of these bindings begins or ends.
    """
    tenant_id = require_tenant().id
    now = timezone.now()
    sql, params = _statement(field, active_only)
    values: dict[Any, Any] = {WHO: value, TENANT: tenant_id, NOW: now}
    with connection.cursor() as cursor:
        cursor.execute(sql, [values.get(one, one) for one in params])
        found = cursor.fetchone()
    if found is None:
        return None
    row = dict(zip(COLUMNS, found, strict=True))
    held = [json.loads(one) for column in HELD for one in row[column]]
    grants, good_until = _grants(held, now)
    return Actor(
        kind=ActorKind.PERSON,
        label=row["email"],
        person_id=row["person_id"],
        tenant_id=tenant_id,
        member_id=row["id"],
        grants=grants,
        require_mfa=bool(row["require_mfa"]),
        sso_rule=sso_rule_of(
            row["person_id"],
            row["account_email"] or "",
            break_glass_ids=row["break_glass_ids"],
            domains=row["domains"],
        ),
        good_until=good_until,
    )


class _Parameter(Enum):
    """What differs from one reading to the next: stands in the statement for the value of each."""

    WHO = auto()
    TENANT = auto()
    NOW = auto()


WHO, TENANT, NOW = _Parameter
HELD = ("held_direct", "held_as_member", "held_as_user")
COLUMNS = (
    "id",
    "person_id",
    "email",
    *HELD,
    "require_mfa",
    "account_email",
    "break_glass_ids",
    "domains",
)


@cache
def _statement(field: str, active_only: bool) -> tuple[str, tuple[Any, ...]]:
    """The statement and its parameters. Written once: that takes Django ten times as long as running it."""
    members = Member.objects.filter(**{field: Value(WHO)})
    if active_only:
        members = members.filter(status=MemberStatus.ACTIVE)
    else:
        members = members.exclude(status=MemberStatus.REMOVED)
    rows = (
        members.annotate(
            # Each by an index of its own: with OR they would read the whole table.
            held_direct=_held(member_id=OuterRef("id")),
            held_as_member=_held(group__memberships__member_id=OuterRef("id")),
            held_as_user=_held(group__memberships__user__member_id=OuterRef("id")),
            require_mfa=Subquery(
                SignInPolicy.objects.filter(tenant_id=Value(TENANT)).values("require_mfa")[:1]
            ),
            # The account's address: the member's may come from elsewhere.
            account_email=Subquery(
                Person.objects.filter(id=OuterRef("person_id")).values("email")[:1]
            ),
            break_glass_ids=enforced_break_glass_ids(Value(TENANT)),
            domains=verified_domains(Value(TENANT)),
        )
        .order_by()
        .values_list(*COLUMNS)
    )
    return rows.query.sql_with_params()


def _held(**holder: Any) -> ArraySubquery:
    """The bindings of a holder that have not ended, the oldest first."""
    bindings = RoleBinding.objects.filter(**holder).filter(not_ended(Value(NOW)))
    return ArraySubquery(
        bindings.order_by("id").values(
            json=JSONObject(
                binding_id="id",
                group_id="group_id",
                group="group__display_name",
                role_id="role_id",
                **{column: F(f"role__{column}") for column in ROLE_COLUMNS},
                organization_id="organization_id",
                name="organization__name",
                path="organization__path",
                depth="organization__depth",
                starts_at="starts_at",
                ends_at="ends_at",
            )
        )
    )


def _grants(rows: list[dict[str, Any]], now: datetime) -> tuple[tuple[Grant, ...], datetime | None]:
    """What holds now, and when that changes."""
    grants, turns = [], []
    for row in rows:
        starts_at, ends_at = _time(row["starts_at"]), _time(row["ends_at"])
        if starts_at is not None and starts_at > now:
            turns.append(starts_at)
            continue
        if ends_at is not None:
            turns.append(ends_at)
        grants.append(
            Grant(
                role=row["code"],
                permissions=role_permissions(*(row[column] for column in ROLE_COLUMNS)),
                organization_id=uuid.UUID(row["organization_id"]),
                organization_name=row["name"],
                path=row["path"],
                is_root=row["depth"] == 1,
                role_id=uuid.UUID(row["role_id"]),
                binding_id=uuid.UUID(row["binding_id"]),
                group_id=uuid.UUID(row["group_id"]) if row["group_id"] else None,
                group=row["group"] or "",
                ends_at=ends_at,
            )
        )
    return tuple(grants), min(turns, default=None)


def _time(text: str | None) -> datetime | None:
    """As PostgreSQL writes times in JSON."""
    return datetime.fromisoformat(text) if text else None
