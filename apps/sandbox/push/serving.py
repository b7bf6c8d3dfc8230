"""What every push service does before and after its own part: misbehave as it is switched."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.sandbox.push import state
from apps.sandbox.push.state import Mode, Receiver, Service

P = ParamSpec("P")
RETRY_AFTER_S = "2"


class Refusal(Exception):
    """status: of the answer. reason: its code, or words, as the service has them."""

    def __init__(self, status: int, reason: str, detail: str = "") -> None:
        self.status, self.reason, self.detail = status, reason, detail
        super().__init__(reason)


Refusing = Callable[[Refusal], HttpResponse]
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def push_api(
    service: Service, refusing: Refusing, words: dict[Mode, Refusal]
) -> Callable[[View[P]], Callable[..., HttpResponse]]:
    """Around a view that takes messages and raises Refusal. words: how it says DOWN, THROTTLE and LOST."""

    def decorate(view: View[P]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @require_POST
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            mode = state.switch_take(service)
            request.is_gone = mode is Mode.GONE  # type: ignore[attr-defined]
            try:
                if mode in (Mode.DOWN, Mode.THROTTLE):
                    raise words[mode]
                response = view(request, *args, **kwargs)
                if mode is Mode.LOST:
                    raise words[mode]
            except Refusal as refusal:
                response = refusing(refusal)
                if refusal.status == 429:
                    response["Retry-After"] = RETRY_AFTER_S
            return response

        return guarded

    return decorate


def receiver_of(request: Any, service: Service, receiver_id: str, gone: Refusal) -> Receiver:
    """Raises `gone` for one that the service does not know, or is to say so."""
    found = state.receiver(service, receiver_id)
    if found is None or request.is_gone:
        raise gone
    return found
