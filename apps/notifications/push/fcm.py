"""Android: Firebase Cloud Messaging, HTTP v1 (https://firebase.google.com/docs/cloud-messaging/send/v1-api).

Only the access token is by Google's package (google-auth, which firebase-admin is made upon); the message is
one POST.
"""

import json
from functools import lru_cache
from typing import Any

from django.conf import settings
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from apps.common.breakers import Breaker
from apps.common.notifying import Urgency
from apps.messaging.errors import Unavailable
from apps.messaging.providers.http import (
    DETAIL_CHARS,
    RETRY_AFTER_S,
    ask,
    provider_upstream,
    retry_after_s,
)
from apps.notifications.push import (
    TOTAL_S,
    TTL_S,
    Address,
    Answer,
    Note,
    Result,
    field_of,
)

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
PRIORITY = {Urgency.LOW: "NORMAL", Urgency.NORMAL: "NORMAL", Urgency.URGENT: "HIGH"}
# The app is no more on the device, or the token is of another project's.
GONE = frozenset({"UNREGISTERED", "SENDER_ID_MISMATCH"})
UPSTREAM = provider_upstream("push.fcm", TOTAL_S)


class Fcm:
    name = "fcm"
    _breaker = Breaker("push.fcm")

    def breaker(self, address: Address) -> Breaker:
        return self._breaker

    def send(self, address: Address, note: Note) -> Answer:
        credentials = credentials_of(settings.FCM_CREDENTIALS)
        answer = ask(
            UPSTREAM,
            "POST",
            f"{settings.FCM_API_URL}/v1/projects/{credentials.project_id}/messages:send",
            headers={
                "Authorization": f"Bearer {_access_token(credentials)}",
                "Content-Type": "application/json",
            },
            data=json.dumps({"message": _message(address["token"], note)}).encode(),
        )
        try:
            said: Any = json.loads(answer.body)
        except ValueError:
            said = None
        if answer.status == 200:
            return Answer(Result.TAKEN, service_key=field_of(said, "name"))
        return _meaning(answer.status, said, retry_after_s(answer.retry_after))


def _message(token: str, note: Note) -> dict[str, Any]:
    data = note.data()
    return {
        "token": token,
        "notification": {"title": data["title"], "body": data["body"]},
        "data": {"url": data["url"], "tag": data["tag"]},
        "android": {
            "collapse_key": note.key,
            "priority": PRIORITY[note.urgency],
            "ttl": f"{TTL_S}s",
            "notification": {"tag": note.key},
        },
    }


def _meaning(status: int, said: Any, pause_s: float) -> Answer:
    """https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode"""
    detail = f"{status}: {field_of(said, 'error', 'message')}"[:DETAIL_CHARS]
    details = said.get("error", {}).get("details") if isinstance(said, dict) else None
    codes = {field_of(one, "errorCode") for one in details or []}
    if codes & GONE:
        return Answer(Result.GONE, detail)
    if status == 429:
        return Answer(Result.BUSY, detail, retry_after_s=pause_s)
    if status in (401, 403) or status >= 500:
        # 401 and 403 are of our account, not of the device.
        raise Unavailable(detail, pause_s)
    return Answer(Result.REFUSED, detail)


def _access_token(credentials: Credentials) -> str:
    """Good for an hour, kept in this process. Raises Unavailable."""
    if not credentials.valid:
        try:
            with UPSTREAM.session() as session:
                credentials.refresh(Request(session=session))
        except GoogleAuthError as error:
            raise Unavailable(str(error)[:DETAIL_CHARS], RETRY_AFTER_S) from error
    return str(credentials.token)


@lru_cache(maxsize=2)
def credentials_of(text: str) -> Credentials:
    """Raises ValueError for what is no service account (a check says so at start)."""
    return Credentials.from_service_account_info(json.loads(text), scopes=[SCOPE])
