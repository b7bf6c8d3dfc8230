"""A browser of the sandbox's for somebody in the demo: what they get by push shows at /sandbox/push/."""

from apps.common.actors import Actor
from apps.notifications.enums import DeviceKind
from apps.notifications.services import push_device_register
from apps.sandbox.push import state
from apps.sandbox.push.pages import registration
from apps.sandbox.push.state import Service

LABEL = "The sandbox’s browser"


def browser_give(actor: Actor) -> None:
    """actor: a member, in the entered tenant."""
    subscription = registration(state.receiver_add(Service.WEB, LABEL))["subscription"]
    push_device_register(
        actor=actor,
        kind=DeviceKind.WEB,
        address={"endpoint": subscription["endpoint"], **subscription["keys"]},
        label=LABEL,
        sign_in_id=None,
    )
