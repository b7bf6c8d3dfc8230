"""How often features are used: told by events, or noted by the app itself."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.adoption.registry import feature, features_by_event
from apps.common.actors import Actor, ActorKind
from apps.common.tenancy import require_tenant
from apps.common.write_behind import Tally
from apps.events.registry import Event, EventContext

# Whose acts are uses: the platform's own are not, nor what support does for somebody.
USERS = (ActorKind.PERSON, ActorKind.API_KEY)

# What is of a tenant that is going or gone is counted no more.
ADD = """
INSERT INTO adoption_featureuse AS known (tenant_id, feature, day, person_id, {column})
SELECT t.id, given.feature, given.day, given.person_id, given.uses
FROM public.tenants_tenant t,
    unnest(%(features)s::text[], %(days)s::date[], %(people)s::uuid[], %(uses)s::int[])
    AS given (feature, day, person_id, uses)
WHERE t.id = %(tenant_id)s AND t.purge_started_at IS NULL
ORDER BY given.feature, given.day, given.person_id
ON CONFLICT (tenant_id, feature, day, person_id) DO UPDATE SET {column} = {merged}
"""
ADD_USES = ADD.format(column="uses", merged="known.uses + excluded.uses")
SET_NOTED = ADD.format(column="noted", merged="greatest(known.noted, excluded.noted)")

# Feature, day and person: of one row.
Use = tuple[str, date, uuid.UUID | None]


def is_use(actor: Actor) -> bool:
    return actor.kind in USERS and actor.impersonator is None


def note(actor: Actor, code: str) -> None:
    """The actor used a feature in the current tenant. One round trip to Redis, and it may be lost with it.

    For uses that no event tells of. Raises ImproperlyConfigured for a feature that no app declares.
    """
    feature(code)
    if is_use(actor):
        day = timezone.now().astimezone(UTC).date()
        NOTED.add(f"{day.isoformat()}|{code}|{actor.person_id or ''}")


def uses_add(told: Sequence[tuple[Event, EventContext]]) -> None:
    """A batch of events of one tenant. One statement; once in effect, as the handler's inbox row is."""
    by_event = features_by_event()
    uses: Counter[Use] = Counter()
    for _event, context in told:
        if is_use(context.actor):
            day = context.created_at.astimezone(UTC).date()
            for code in by_event.get(context.name, ()):
                uses[code, day, context.actor.person_id] += 1
    tenant_id = told[0][1].tenant_id
    if tenant_id is not None and uses:
        _write(ADD_USES, tenant_id, uses)


def noted_write(noted: Mapping[str, Any]) -> None:
    """noted: by `day|feature|person`. In the tenant. One statement."""
    uses: dict[Use, int] = {}
    for key, count in noted.items():
        day, code, person = key.split("|")
        uses[code, date.fromisoformat(day), uuid.UUID(person) if person else None] = count
    if uses:
        _write(SET_NOTED, require_tenant().id, uses)


def _write(statement: str, tenant_id: uuid.UUID, uses: Mapping[Use, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "tenant_id": tenant_id,
                "features": [code for code, _day, _person in uses],
                "days": [day for _code, day, _person in uses],
                "people": [person for _code, _day, person in uses],
                "uses": list(uses.values()),
            },
        )


NOTED = Tally("adoption.uses", noted_write)
