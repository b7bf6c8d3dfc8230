"""What pages are told of as it happens: that there are more credits, or fewer."""

from apps.common.live import live_topic, tell_on_commit
from apps.common.tenancy import require_tenant
from apps.credits.permissions import VIEW_CREDITS

BALANCE = live_topic("credits.balance", permission=VIEW_CREDITS)
# A metered workspace spends thousands of times a second.
EVERY_S = 1.0


def tell_balance() -> None:
    """As of the commit. It does not say how many: what somebody may see depends on who it is."""
    tell_on_commit(tenant_id=require_tenant().id, to=BALANCE, at_most_every_s=EVERY_S)
