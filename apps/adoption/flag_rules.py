"""What staff decided on flags, for apps/common/flags.py, and whom a decision reaches."""

from collections.abc import Mapping
from dataclasses import dataclass

from openfeature.evaluation_context import EvaluationContext

from apps.adoption.models import FlagRule
from apps.adoption.surveys import SCOPE, scopes_of
from apps.common.caching import Namespace
from apps.common.database import system_connection
from apps.common.flags import By, Flag, Mode, Rule, decided, plans
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant

RULES = Namespace("adoption.flags", ttl_s=300, scopes=scopes_of)


class FlagSource:
    """See apps.common.flags.Source."""

    def rules(self) -> Mapping[str, Rule]:
        return RULES.get("all", _load, scope=SCOPE)


@system_connection()
def _load() -> dict[str, Rule]:
    return {row.code: rule_of(row) for row in FlagRule.objects.order_by("code")}


def rule_of(row: FlagRule) -> Rule:
    return Rule(
        Mode(row.mode), row.percent, frozenset(row.plans), frozenset(row.on), frozenset(row.off)
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """For how many of the tenants that are ready it is on now, and would be."""

    before: int
    after: int
    tenants: int


def reach_of(flag: Flag, before: Rule, after: Rule) -> Reach:
    """Of a share of people, tenants in which it can be on for anybody. Two statements, as the system."""
    with system_connection():
        ids = list(Tenant.objects.filter(status=TenantStatus.READY).values_list("id", flat=True))
        held = plans()
    counts = []
    for rule in (before, after):
        counts.append(0)
        for tenant_id in ids:
            attributes = {"tenant_id": str(tenant_id), "plan": held.get(tenant_id, "")}
            context = EvaluationContext(str(tenant_id), attributes)
            is_share = flag.by is By.PERSON and rule.mode is Mode.TARGETED and rule.percent > 0
            is_off = tenant_id in rule.off
            counts[-1] += decided(flag, rule, context)[0] or (is_share and not is_off)
    return Reach(counts[0], counts[1], len(ids))
