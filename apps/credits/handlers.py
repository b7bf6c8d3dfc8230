from apps.credits.services import budgets_close_gone
from apps.events.registry import EventContext, subscribe
from apps.organizations.events import OrganizationChanged

GONE = ("archived", "deleted")


@subscribe("organizations.organization_changed", name="credits.close_budgets")
def close_budgets(event: OrganizationChanged, context: EventContext) -> None:
    """What an organization had that is archived or deleted goes back upwards."""
    if event.change in GONE:
        budgets_close_gone(actor=context.actor, organization_id=event.organization_id)
