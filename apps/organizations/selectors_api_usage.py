"""Who calls a workspace's API, how often, and who was refused."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import QuerySet

from apps.common.access import authorize, paths_allowed
from apps.common.actors import Actor
from apps.common.api import limits
from apps.common.rate_limits import WINDOW_S, Counted, counted, remaining, window_start_s
from apps.common.tenancy import require_tenant
from apps.organizations import permissions as p
from apps.organizations.models import Member
from apps.organizations.selectors import belongs
from apps.roles.models import ApiKey
from apps.tenants.permissions import VIEW_SETTINGS

# Callers that are told of one by one: those with the most.
SHOWN = 100
MEMBER, API_KEY = "member", "api_key"
KINDS = [(MEMBER, MEMBER), (API_KEY, API_KEY)]


@dataclass(frozen=True, slots=True)
class CallerUsage:
    """id: the member's or the key's; None for a member whom one may not see, or who is gone.

    requests: in the present window. remaining: that would be let through at once; None: any number.
    refused: of yesterday and today (UTC).
    """

    kind: str
    id: uuid.UUID | None
    name: str
    requests: int
    remaining: int | None
    refused: int
    refused_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApiUsage:
    """since, until: of the present window. limit: of each caller in 15 minutes; None: any number.

    callers: the SHOWN with the most requests, then refusals. others: how many more there are.
    """

    since: datetime
    until: datetime
    limit: int | None
    workspace_limit: int | None
    workspace_remaining: int | None
    requests: int
    callers: list[CallerUsage]
    others: int


def api_usage_for(actor: Actor) -> ApiUsage:
    """Members whom the actor may not see have no name. Raises PermissionDenied.

    Three round trips to Redis, two statements.
    """
    authorize(actor, VIEW_SETTINGS)
    paths = paths_allowed(actor, p.VIEW_MEMBER)
    return _usage(Member.objects.none() if paths == [] else Member.objects.filter(belongs(paths)))


def api_usage_of_all() -> ApiUsage:
    """For the platform's staff, inside the tenant."""
    return _usage(Member.objects.all())


def _usage(members: QuerySet[Member]) -> ApiUsage:
    tenant = require_tenant()
    found = counted(str(tenant.id))
    most = sorted(found, key=lambda name: (-found[name].requests, -found[name].refused, name))
    shown = most[:SHOWN]
    requests, scope = limits.requests_of(tenant), str(tenant.id)
    left: dict[str, int] = {}
    of_all = of_workspace = None
    if requests is not None:
        by_caller, by_workspace = limits.limits_in_workspace(requests)
        left = remaining(scope, by_caller, shown)
        of_all = by_workspace.at_most
        of_workspace = remaining(scope, by_workspace, [limits.WHOLE])[limits.WHOLE]
    since_s = window_start_s()
    return ApiUsage(
        since=_moment(since_s),
        until=_moment(since_s + WINDOW_S),
        limit=requests,
        workspace_limit=of_all,
        workspace_remaining=of_workspace,
        requests=sum(one.requests for one in found.values()),
        callers=_callers({name: found[name] for name in shown}, left, members),
        others=len(most) - len(shown),
    )


def _callers(
    found: dict[str, Counted], left: dict[str, int], members: QuerySet[Member]
) -> list[CallerUsage]:
    ids = {name: uuid.UUID(name.partition(":")[2]) for name in found}
    people = [ids[name] for name in found if name.startswith("member:")]
    keys = [ids[name] for name in found if name.startswith("key:")]
    by_person = {one.person_id: one for one in members.filter(person_id__in=people)}
    by_key = dict(ApiKey.objects.filter(id__in=keys).values_list("id", "name"))
    callers = []
    for name, one in found.items():
        is_key, member = name.startswith("key:"), by_person.get(ids[name])
        callers.append(
            CallerUsage(
                kind=API_KEY if is_key else MEMBER,
                id=ids[name] if is_key else (member.id if member else None),
                name=by_key.get(ids[name], "") if is_key else str(member or ""),
                requests=one.requests,
                remaining=left.get(name),
                refused=one.refused,
                refused_at=_moment(one.refused_at) if one.refused_at else None,
            )
        )
    return callers


def _moment(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
