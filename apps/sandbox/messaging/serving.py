"""What every stand-in's API does before and after its own part: misbehave as it is switched."""

import base64
import binascii
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from apps.sandbox.messaging.models import Mode, Outcome, Provider
from apps.sandbox.messaging.switches import behaviour

P = ParamSpec("P")
# The text and code of an error, in the provider's own shape.
Refusal = Callable[[int, str], HttpResponse]
Taking = Callable[Concatenate[HttpRequest, Outcome, P], HttpResponse]


def api(provider: Provider, refusal: Refusal) -> Callable[[Taking[P]], Callable[..., HttpResponse]]:
    """Around a view that takes messages (POST) or answers questions (GET); it is given the outcome."""

    def decorate(view: Taking[P]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            told = behaviour(provider)
            is_question = request.method == "GET"
            if told.mode is Mode.DOWN:
                return refusal(503, "Service Unavailable")
            if told.mode is Mode.THROTTLE:
                response = refusal(429, "Too Many Requests")
                response["Retry-After"] = str(told.seconds)
                return response
            if told.mode is Mode.REFUSE and not is_question:
                return refusal(400, "This message is refused, as the sandbox was told.")
            if told.mode is Mode.SILENT and is_question:
                return refusal(403, "Forbidden")
            if told.mode is Mode.SLOW:
                time.sleep(told.seconds)
            response = view(request, told.outcome, *args, **kwargs)
            if told.mode is Mode.LOST and not is_question:
                return refusal(500, "Internal Server Error")
            return response

        return guarded

    return decorate


def basic_auth(request: HttpRequest) -> tuple[str, str]:
    """User and password, empty where there is none."""
    kind, _space, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _colon, password = base64.b64decode(given).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def number(text: Any, default: int, most: int) -> int:
    """A page size, as clients give it."""
    return min(int(text), most) if str(text).isdecimal() else default
