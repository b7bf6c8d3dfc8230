"""Which push service a device is reached by, and asking it."""

from collections.abc import Mapping

from django.conf import settings

from apps.common.breakers import CircuitOpen
from apps.messaging.errors import Unavailable
from apps.notifications.enums import DeviceKind
from apps.notifications.push import Address, Answer, Note, PushService, Result
from apps.notifications.push.apns import Apns
from apps.notifications.push.fcm import Fcm
from apps.notifications.push.web import WebPush


def push_services() -> Mapping[DeviceKind, PushService]:
    """Those that have what they need: an operator's keys."""
    found: dict[DeviceKind, PushService] = {}
    if settings.WEB_PUSH_PRIVATE_KEY:
        found[DeviceKind.WEB] = WebPush()
    if settings.FCM_CREDENTIALS:
        found[DeviceKind.ANDROID] = Fcm()
    if settings.APNS_KEY:
        found[DeviceKind.IOS] = Apns()
    return found


def ask(service: PushService, address: Address, note: Note) -> Answer:
    """As its `send`, behind its breaker; AWAY instead of an error. Not inside a transaction."""
    try:
        with service.breaker(address).attempt(failures=(Unavailable,)):
            return service.send(address, note)
    except (CircuitOpen, Unavailable) as error:
        return Answer(Result.AWAY, str(error), retry_after_s=error.retry_after_s)
