"""What staff can do: each act is confirmed on a page of its own and carried out by a service."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.errors import PlatformError
from apps.console.rendering import link

if TYPE_CHECKING:
    from apps.console.pages import ConsolePage, Section

MAX_AT_ONCE = 200


class ActForm(forms.Form):
    """The confirmation. `obj` is None when the act is on many."""

    def __init__(self, *args: Any, obj: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.obj = obj


class ReasonForm(ActForm):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept in the history, with your name."),
        error_messages={"required": _("Say why: others will ask.")},
    )


@dataclass(frozen=True, slots=True)
class Report:
    """What an act found out."""

    sections: "Sequence[Section]"


@dataclass(frozen=True, slots=True)
class Act:
    """available: whether the object's state allows it. explain: what will happen, in sentences.

    run: calls the service; what it returns is the answer to go on with, if it is one: a response, or a
    Report to show; or the message, if it is a text.
    done: the message else, given the object as it was before.
    bulk: also offered for a selection of the list. removes: the object is gone afterwards.
    inside: the name of the page below the object's own that offers it, and that it leads back to.
    """

    name: str
    label: str
    icon: str
    available: Callable[[Any], bool]
    explain: Callable[[Any | None], Sequence[str]]
    run: Callable[[Actor, Any, dict[str, Any]], object]
    done: Callable[[Any], str]
    form: type[ActForm] = ActForm
    dangerous: bool = False
    removes: bool = False
    bulk: bool = False
    inside: str = ""


def act_on_one(page: "ConsolePage", request: HttpRequest, obj: Any, act: Act) -> HttpResponse:
    """The confirmation of an act, and its outcome as a message on the object's page."""
    back = page.object_url(obj, act.inside or "change")
    if not act.available(obj):
        messages.error(request, f"“{act.label}” is not possible in the state that {obj} is in now.")
        return redirect(back)
    # A row of a table leads here with what it is about.
    form = act.form(
        request.POST if request.method == "POST" else None, initial=request.GET.dict(), obj=obj
    )
    if form.is_valid():
        try:
            outcome = act.run(staff_actor(request), obj, form.cleaned_data)
        except PlatformError as error:
            if not show_errors(form, error):
                messages.error(request, str(error.detail))
                return redirect(back)
        else:
            if isinstance(outcome, HttpResponse):
                return outcome
            if isinstance(outcome, Report):
                return _report(page, request, obj, act, outcome)
            messages.success(request, outcome if isinstance(outcome, str) else act.done(obj))
            return redirect(page.list_url() if act.removes else back)
    return page.page(
        request,
        "console/act.html",
        title=act.label,
        heading=f"{act.label}: {page.title(obj)}",
        act=act,
        explain=act.explain(obj),
        form=form,
        back=back,
    )


def _report(
    page: "ConsolePage", request: HttpRequest, obj: Any, act: Act, report: Report
) -> HttpResponse:
    heading = f"{act.label}: {page.title(obj)}"
    return page.page(
        request,
        "console/detail.html",
        title=heading,
        heading=heading,
        lead=link(page.object_url(obj, act.inside or "change"), "Back"),
        badges=(),
        sections=report.sections,
        acts=(),
    )


def act_on_many(
    page: "ConsolePage", request: HttpRequest, queryset: QuerySet[Any], act: Act
) -> HttpResponse:
    """One confirmation for a selection; each object in its own transaction, refusals reported."""
    chosen = list(queryset[: MAX_AT_ONCE + 1])
    if len(chosen) > MAX_AT_ONCE:
        messages.error(request, f"Choose at most {MAX_AT_ONCE} at a time.")
        return redirect(request.get_full_path())
    allowed = [obj for obj in chosen if act.available(obj)]
    skipped = [obj for obj in chosen if not act.available(obj)]
    if not allowed:
        messages.error(request, f"“{act.label}” is not possible for any of the chosen.")
        return redirect(request.get_full_path())
    confirmed = "confirmed" in request.POST
    form = act.form(request.POST) if confirmed else act.form()
    if confirmed and form.is_valid():
        _run_each(page, request, allowed, act, form.cleaned_data)
        return redirect(request.get_full_path())
    return page.page(
        request,
        "console/act.html",
        title=act.label,
        heading=f"{act.label}: {len(allowed)} {_noun(page, len(allowed))}",
        act=act,
        explain=act.explain(None),
        form=form,
        back=request.get_full_path(),
        bulk={
            "action": act.name,
            "checkbox": helpers.ACTION_CHECKBOX_NAME,
            "ids": [str(obj.pk) for obj in allowed],
            "allowed": [page.title(obj) for obj in allowed],
            "skipped": [page.title(obj) for obj in skipped],
        },
    )


def _run_each(
    page: "ConsolePage", request: HttpRequest, chosen: list[Any], act: Act, data: dict[str, Any]
) -> None:
    done = 0
    for obj in chosen:
        try:
            act.run(staff_actor(request), obj, data)
        except PlatformError as error:
            messages.error(request, f"{page.title(obj)}: {error.detail}")
        else:
            done += 1
    if done:
        messages.success(request, f"{act.label}: done for {done} {_noun(page, done)}.")


def show_errors(form: forms.Form, error: PlatformError) -> bool:
    """Put a service's errors beside their fields; False when it named no field of the form."""
    named = [item for item in error.errors if item.attr in form.fields]
    for item in named:
        form.add_error(item.attr, str(item.detail))
    return bool(named)


def staff_actor(request: HttpRequest) -> Actor:
    """The signed-in member of staff, for services."""
    person: Any = request.user
    return Actor.staff(person.id, person.email)


def _noun(page: "ConsolePage", count: int) -> str:
    meta = page.opts
    return str(meta.verbose_name if count == 1 else meta.verbose_name_plural)
