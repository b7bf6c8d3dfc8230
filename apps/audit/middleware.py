"""Sees every refusal leave, whatever refused it, and records it."""

from functools import partial
from typing import Any

from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from apps.audit.actions import ACCESS_DENIED, CREDENTIAL_REFUSED, SIGN_IN_FAILED
from apps.audit.refusals import Refusal, refusal_record
from apps.common.actors import Actor, ActorKind
from apps.common.gate import notes_of
from apps.common.middleware import GetResponse

# Answers that belong to how things go: a client renews its token, a person proves again who they are.
ORDINARY = {"token_expired", "reauthentication_required"}
# Parts of a sign-in that is tried without a credential in the header.
SIGN_IN = {"mfa_code_invalid", "refresh_token_invalid", "refresh_token_reused"}


class RefusalMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in (401, 403):
            code, detail = _reason(response)
            action = _action(request, response.status_code, code)
            if action and code not in ORDINARY:
                _record(request, action, code=code, detail=detail)
        return response


def _reason(response: HttpResponse) -> tuple[str, str]:
    """Of the API's answers; pages say it in prose only."""
    data = getattr(response, "data", None)
    if not isinstance(data, dict):
        return "", ""
    return str(data.get("code", "")), str(data.get("detail", ""))


def _action(request: HttpRequest, status: int, code: str) -> str:
    if status == 403:
        return ACCESS_DENIED
    if code in SIGN_IN:
        return SIGN_IN_FAILED
    return CREDENTIAL_REFUSED if "Authorization" in request.headers else ""


def _record(request: HttpRequest, action: str, **data: str) -> None:
    user: Any = getattr(request, "user", None)
    # A program's is that of its principal.
    actor: Actor | None = getattr(request, "actor", None) or getattr(user, "actor", None)
    tenant: Any = getattr(request, "tenant", None)
    who: dict[str, Any] = {}
    if actor is not None:
        who = {
            "kind": actor.kind,
            "label": actor.label,
            "person_id": actor.person_id,
            "impersonator": actor.impersonator,
        }
    elif user is not None and user.is_authenticated:
        who = {"label": user.email, "person_id": user.pk}
    refusal = Refusal(
        action,
        tenant.ref if tenant is not None else None,
        data={
            "method": request.method or "",
            # Some paths are secrets.
            "path": getattr(request, "log_path", request.path),
            **{name: text for name, text in data.items() if text},
        },
        **who,
    )
    refusal_record(refusal)
    if notes := notes_of(request.META):
        notes.recorded = partial(refusal_record, refusal)


@receiver(user_login_failed, dispatch_uid="audit.sign_in_failed")
def note_failed_sign_in(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: Any
) -> None:
    """A password that was wrong, on a page or by the API; which address it was tried for is kept."""
    tenant: Any = getattr(request, "tenant", None)
    refusal_record(
        Refusal(
            SIGN_IN_FAILED,
            tenant.ref if tenant is not None else None,
            ActorKind.PERSON,
            data={"email": str(credentials.get("email") or credentials.get("username") or "")},
        )
    )
