"""What a member chose of the times."""

from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.notifications.models import Timing
from apps.notifications.services.preferences import Times, times_of


def times_for(actor: Actor) -> Times:
    """The actor's own. One statement. Raises NotFound for programs."""
    if actor.member_id is None:
        raise NotFound
    return times_of(Timing.objects.filter(member_id=actor.member_id).first())
