"""What the stand-ins of providers do, for people, and for the tests that count what they took."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.sandbox.messaging.models import Mode, Outcome, Provider, ProviderSwitch, Sms, Telling
from apps.sandbox.messaging.switches import MAX_SECONDS, switch
from apps.sandbox.messaging.twilio import reply
from apps.sandbox.models import Email

PAGE_SIZE = 25
MAX_TIMES = 100_000


class SwitchForm(forms.Form):
    provider = forms.ChoiceField(label="Provider", choices=Provider.choices)
    mode = forms.ChoiceField(label="It", choices=Mode.choices)
    outcome = forms.ChoiceField(label="A message", choices=Outcome.choices)
    times = forms.IntegerField(
        label="For so many requests",
        required=False,
        min_value=0,
        max_value=MAX_TIMES,
        help_text="Empty: until you change it.",
    )
    seconds = forms.IntegerField(
        label="Seconds",
        required=False,
        min_value=0,
        max_value=MAX_SECONDS,
        help_text="How late it answers, or when it wants to be asked again.",
    )

    def apply(self) -> Provider:
        """Of a valid form."""
        given = self.cleaned_data
        provider = Provider(given["provider"])
        seconds = given["seconds"]
        switch(
            provider,
            mode=Mode(given["mode"]),
            outcome=Outcome(given["outcome"]),
            times=given["times"] or 0,
            seconds=5 if seconds is None else seconds,
        )
        return provider


class ReplyForm(forms.Form):
    sender = forms.CharField(label="Number", max_length=32, widget=forms.TelInput())
    body = forms.CharField(label="Text", max_length=160, initial="STOP")


@require_http_methods(["GET", "HEAD", "POST"])
def senders(request: HttpRequest) -> HttpResponse:
    """How each is switched, what it took and what it still has to tell; and switching it."""
    form = SwitchForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        messages.success(request, f"{form.apply().label} is switched.")
        return redirect("sandbox_senders")
    context = {"form": form, "senders": _senders()}
    return render(request, "sandbox/senders.html", context, status=422 if form.errors else 200)


def _senders() -> list[dict[str, Any]]:
    """Four statements."""
    switches = {one.provider: one for one in ProviderSwitch.objects.all()}
    taken = dict(Email.objects.order_by().values_list("provider").annotate(Count("id")))
    taken[Provider.TWILIO.value] = Sms.objects.filter(is_reply=False).count()
    waiting = Telling.objects.filter(status="pending").values_list("provider")
    owed = dict(waiting.annotate(Count("id")))
    return [
        {
            "provider": one,
            "switch": switches.get(one.value, ProviderSwitch(provider=one.value)),
            "taken": taken.get(one.value, 0),
            "owed": owed.get(one.value, 0),
        }
        for one in Provider
    ]


@csrf_exempt
@require_POST
def control(request: HttpRequest) -> HttpResponse:
    """The same for programs: JSON with the form's names; what is left out is as if nothing was switched."""
    try:
        given = json.loads(request.body)
    except ValueError:
        return JsonResponse({"error": "Send JSON."}, status=400)
    defaults = {"mode": Mode.WORKS.value, "outcome": Outcome.DELIVERED.value}
    form = SwitchForm({**defaults, **given} if isinstance(given, dict) else defaults)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=400)
    form.apply()
    return JsonResponse({})


@require_safe
def counts(request: HttpRequest) -> HttpResponse:
    """How often each message was taken, by all providers together: what is lost is not there, and what came
    twice has a 2. email: by Message-ID. sms: by the delivery's id, where it has one."""
    mails = Email.objects.exclude(message_id="").order_by().values_list("message_id")
    texts = Sms.objects.exclude(key="").order_by().values_list("key")
    return JsonResponse(
        {
            "email": dict(mails.annotate(Count("id"))),
            "sms": dict(texts.annotate(Count("id"))),
        }
    )


@require_http_methods(["GET", "HEAD", "POST"])
def sms(request: HttpRequest) -> HttpResponse:
    """What Twilio took, and answering as somebody; `?to=` narrows, JSON for those who accept JSON first."""
    form = ReplyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        last = Sms.objects.filter(to=given["sender"], is_reply=False).first()
        reply(sender=given["sender"], to=last.sender if last else "", body=given["body"])
        messages.success(request, f"{given['sender']} answered.")
        return redirect("sandbox_sms")
    recipient = request.GET.get("to", "").strip()
    rows = Sms.objects.filter(to=recipient) if recipient else Sms.objects.all()
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"results": [_json(one) for one in rows[:PAGE_SIZE]]})
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "recipient": recipient}
    return render(request, "sandbox/sms.html", context, status=422 if form.errors else 200)


def _json(one: Sms) -> dict[str, Any]:
    return {
        "sid": one.sid,
        "to": one.to,
        "from": one.sender,
        "body": one.body,
        "is_reply": one.is_reply,
        "received_at": one.created_at.isoformat(),
    }
