"""Addresses that nothing is sent to: found by the whole address, which is not kept."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from apps.common.errors import PlatformError
from apps.console import rendering as r
from apps.console.acts import Act, ActForm, show_errors, staff_actor
from apps.console.pages import Cell, ConsolePage, Facts, Section
from apps.messaging.enums import Channel
from apps.messaging.models import Suppression
from apps.messaging.suppressions import (
    MAX_NOTE_CHARS,
    digests_of,
    suppression_add,
    suppression_lift,
)

LIFT_EXPLAINED = (
    "It is written to again from now on. If it bounces or complains once more, it comes back here.",
    "The provider may have a list of its own, of bounces, complaints or STOP: lift it there too.",
)
ADD_EXPLAINED = (
    "Nothing is sent there any more by anybody here, not even links to sign in or to reset a password.",
)


class NoteForm(ActForm):
    note = forms.CharField(
        label=_("Reason"),
        max_length=MAX_NOTE_CHARS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept with the address and in the audit log, with your name."),
        error_messages={"required": _("Say why: others will ask.")},
    )


class AddForm(NoteForm):
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    address = forms.CharField(
        label=_("Address"), max_length=320, help_text=_("An e-mail address, or a number with +.")
    )
    field_order = ("channel", "address", "note")


ACTS = (
    Act(
        name="lift",
        label="Lift",
        icon="mark_email_read",
        available=lambda row: row.lifted_at is None,
        explain=lambda _row: LIFT_EXPLAINED,
        run=lambda actor, row, data: suppression_lift(
            actor=actor, suppression_id=row.id, note=data["note"]
        ),
        done=lambda row: f"{row} may be written to again.",
        form=NoteForm,
        bulk=True,
    ),
)


class SuppressionAdmin(ConsolePage):
    acts = ACTS
    empty_text = (
        "Addresses appear here when a provider tells that they bounced for good, complained or "
        "unsubscribed, and when staff add them."
    )
    actions_list = ("suppress",)
    list_display = ("shown", "channel", "reason", "badge", "by", "told")
    list_display_links = ("shown",)
    list_filter = ("channel", "reason", "since")
    search_fields = ("hint",)
    search_help_text = "The whole address, or its domain"
    ordering = ("-since", "-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(Q(digest__in=digests_of(term)) | Q(hint__icontains=term)), False

    @display(description="Address", ordering="hint")
    def shown(self, row: Suppression) -> str:
        return str(row)

    @display(description="State", ordering="lifted_at")
    def badge(self, row: Suppression) -> SafeString:
        return suppression_badge(row)

    @display(description="Told by", ordering="provider")
    def by(self, row: Suppression) -> str:
        return row.provider or "Staff"

    @display(description="Since", ordering="since")
    def told(self, row: Suppression) -> SafeString:
        return r.when(row.since)

    def badges(self, obj: Suppression) -> Sequence[SafeString]:
        return (suppression_badge(obj),)

    def sections(self, obj: Suppression) -> Sequence[Section]:
        rows: list[tuple[str, Cell]] = [
            ("Channel", obj.get_channel_display()),
            ("Reason", obj.get_reason_display()),
            ("Told by", obj.provider or "Staff"),
            ("Since", r.exact(obj.since)),
            ("Lifted", r.exact(obj.lifted_at)),
            ("Note", obj.note or r.NONE),
            ("SHA-256", r.code(bytes(obj.digest).hex())),
        ]
        return [Facts("Facts", rows)]

    def extra_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.suppress_view)
        return [path("suppress/", view, name="messaging_suppression_suppress")]

    @action(
        description="Suppress an address",
        url_path="suppress",
        icon="add",
        variant=ActionVariant.PRIMARY,
    )
    def suppress(self, request: HttpRequest) -> HttpResponse:
        """The button above the list; unfold finds the address by the method's name."""
        return self.suppress_view(request)

    def suppress_view(self, request: HttpRequest) -> HttpResponse:
        form = AddForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            given = form.cleaned_data
            try:
                added = suppression_add(
                    actor=staff_actor(request),
                    channel=Channel(given["channel"]),
                    address=given["address"],
                    note=given["note"],
                )
            except PlatformError as error:
                if not show_errors(form, error):
                    form.add_error(None, str(error.detail))
            else:
                messages.success(request, f"Nothing is sent to {added} any more.")
                return redirect(self.object_url(added))
        return self.page(
            request,
            "console/act.html",
            title="Suppress an address",
            heading="Suppress an address",
            act={"label": "Suppress", "dangerous": True},
            explain=ADD_EXPLAINED,
            form=form,
            back=self.list_url(),
        )


def suppression_badge(row: Suppression) -> SafeString:
    return r.badge("Suppressed", "warn") if row.lifted_at is None else r.badge("Lifted", "quiet")
