"""Push messages: to every browser and app that a member has registered and is signed in at."""

import uuid
from collections.abc import Sequence

from apps.messaging.errors import CannotTell, Refused, Unavailable
from apps.messaging.providers.http import RETRY_AFTER_S
from apps.messaging.senders import Sent
from apps.notifications.audiences import Reader
from apps.notifications.channels import Message
from apps.notifications.push import Note, Result
from apps.notifications.push.sending import Asked, push_send
from apps.notifications.selectors_devices import members_with_push, push_devices_live


class PushChannel:
    def reachable(self, readers: Sequence[Reader]) -> set[uuid.UUID]:
        """Two statements."""
        return members_with_push([one.member_id for one in readers])

    def send(self, message: Message) -> Sent:
        """It is sent once one device's service took it. Raises Refused, Unavailable."""
        assert message.reader is not None  # noqa: S101 - only the webhook's has none
        content = message.content
        note = Note(message.id.hex, content.title, content.body, content.url, message.kind.urgency)
        return _outcome(push_send(push_devices_live(message.reader.member_id), note))

    def find(self, message: Message) -> Sent | None:
        """No push service can be asked. A second copy has the first one's topic, and takes its place."""
        raise CannotTell("push services cannot be asked")


def _outcome(asked: Sequence[Asked]) -> Sent:
    for one in asked:
        if one.answer.result is Result.TAKEN:
            return Sent(one.service, one.answer.service_key[:255])
    later = [one for one in asked if one.answer.result in (Result.BUSY, Result.AWAY)]
    if later:
        detail = "; ".join(f"{one.service}: {one.answer.detail}" for one in later)
        pause_s = min(one.answer.retry_after_s or RETRY_AFTER_S for one in later)
        raise Unavailable(detail, pause_s)
    said = "; ".join(f"{one.service}: {one.answer.detail}" for one in asked)
    raise Refused(said or "The member is signed in at no device any more.")
