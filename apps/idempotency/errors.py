from django.utils.translation import gettext_lazy as _

from apps.common.errors import Conflict

RETRY_AFTER_S = 1


class IdempotencyInFlight(Conflict):
    """The first request by the key is being done: its answer is not known yet."""

    code = "idempotency_in_flight"
    title = _("The same request is being done")
    default_detail = _(
        "A request by this idempotency key is under way. Send it again in a moment for its answer."
    )

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": str(RETRY_AFTER_S)})
