"""What the push services took, for people, and for the tests that count it."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common.urls import public_url
from apps.sandbox.push import state
from apps.sandbox.push.state import Message, Mode, Receiver, Service


class SwitchForm(forms.Form):
    service = forms.ChoiceField(label="Service", choices=[(one, one.label) for one in Service])
    mode = forms.ChoiceField(label="It", choices=[(one, one.label) for one in Mode])
    times = forms.IntegerField(
        label="For so many requests",
        required=False,
        min_value=0,
        max_value=100_000,
        help_text="Empty: until you change it.",
    )

    def apply(self) -> Service:
        """Of a valid form."""
        given = self.cleaned_data
        service = Service(given["service"])
        state.switch_set(service, Mode(given["mode"]), given["times"] or 0)
        return service


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Messages, the newest first, and how each service is switched; JSON for those who accept JSON first."""
    form = SwitchForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        messages.success(request, f"{form.apply().label} is switched.")
        return redirect("sandbox_push")
    taken = state.messages(request.GET.get("receiver", ""))
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"results": [_json(one) for one in taken]})
    known = {one.id: one for one in state.receivers()}
    context = {
        "form": form,
        "messages_taken": [{"message": one, "receiver": known.get(one.receiver)} for one in taken],
        "receivers": known.values(),
        "services": [{"service": one, "switch": state.switch_of(one)} for one in Service],
    }
    return render(request, "sandbox/push.html", context, status=422 if form.errors else 200)


@csrf_exempt
@require_POST
def receivers(request: HttpRequest) -> HttpResponse:
    """A new browser or phone, of `{service, label?, server_key?}`: what the platform is told of it."""
    try:
        given = json.loads(request.body)
        made = state.receiver_add(
            Service(given["service"]),
            str(given.get("label", "")),
            str(given.get("server_key", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return JsonResponse({"error": f"{type(error).__name__}: {error}"}, status=400)
    return JsonResponse(registration(made), status=201)


@require_POST
def receiver_remove(request: HttpRequest, receiver_id: str) -> HttpResponse:
    state.receiver_remove(receiver_id)
    messages.success(request, "Its push service does not know it any more.")
    return redirect("sandbox_push")


@csrf_exempt
@require_POST
def control(request: HttpRequest) -> HttpResponse:
    """The same as the page's form, as JSON, for programs."""
    try:
        given = json.loads(request.body)
    except ValueError:
        return JsonResponse({"error": "Send JSON."}, status=400)
    form = SwitchForm(given if isinstance(given, dict) else {})
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=400)
    form.apply()
    return JsonResponse({})


@require_safe
def counts(request: HttpRequest) -> HttpResponse:
    """How often each topic was taken: what is lost is not there, and what came twice has a 2.

    A device shows the second in place of the first.
    """
    return JsonResponse({"push": state.topics()})


def registration(receiver: Receiver) -> dict[str, Any]:
    """What a browser or an app sends to `push-devices/`."""
    if receiver.service is not Service.WEB:
        kind = "android" if receiver.service is Service.FCM else "ios"
        return {"kind": kind, "token": receiver.id}
    endpoint = public_url(reverse("sandbox_push_web", args=[receiver.id]))
    keys = {"p256dh": receiver.p256dh, "auth": receiver.auth}
    return {"kind": "web", "subscription": {"endpoint": endpoint, "keys": keys}}


def _json(one: Message) -> dict[str, Any]:
    return {
        "receiver": one.receiver,
        "service": one.service,
        "topic": one.topic,
        "urgency": one.urgency,
        "ttl_s": one.ttl_s,
        "title": one.title,
        "body": one.body,
        "url": one.url,
        "received_at": one.received_at,
    }
