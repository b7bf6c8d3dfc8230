"""Forms of the public host. They shape input; the services decide."""

from itertools import groupby
from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse_lazy

from apps.accounts.enums import Language
from apps.accounts.models import Person
from apps.accounts.validators import time_zones, validate_printable

AREAS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


class WorkspaceForm(forms.Form):
    """Name and address of a new workspace."""

    name = forms.CharField(
        label="Company or team name",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True}),
        error_messages={"required": "Give the workspace a name."},
    )
    slug = forms.CharField(
        label="Address",
        max_length=64,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "data-slug-from": "id_name",
                "hx-get": reverse_lazy("workspace_slug"),
                "hx-trigger": "input changed delay:300ms",
                "hx-target": "#slug-status",
                "hx-sync": "this:replace",
            }
        ),
        help_text="Lower-case letters, digits and hyphens. It can be changed later.",
        error_messages={"required": "Choose an address."},
    )

    @property
    def suffix(self) -> str:
        return f".{settings.BASE_DOMAIN}"

    def add_error(self, field: str | None, error: Any) -> None:
        """An error of the address names the rule; its help, which does too, steps back."""
        super().add_error(field, error)
        if field == "slug":
            self["slug"].help_text = ""


def time_zone_choices(current: str) -> list[Any]:
    """UTC, then the zones of the IANA database by area; the current one even if it has no area."""
    zones = sorted(zone for zone in time_zones() if zone.partition("/")[0] in AREAS)
    groups = [
        (
            area,
            [
                (zone, zone.partition("/")[2].replace("_", " ").replace("/", " – "))
                for zone in found
            ],
        )
        for area, found in groupby(zones, key=lambda zone: zone.partition("/")[0])
    ]
    others = [(zone, zone) for zone in dict.fromkeys(["UTC", current]) if zone not in zones]
    return [*others, *groups]


class ProfileForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=150,
        validators=[validate_printable],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "Say what colleagues should call you."},
    )
    time_zone = forms.ChoiceField(
        label="Time zone", help_text="Times on all pages are shown in it."
    )
    language = forms.ChoiceField(
        label="Language",
        choices=Language.choices,
        help_text="Of mails and notifications. Pages are in English.",
    )

    def __init__(self, data: Any = None, *, person: Person) -> None:
        fields = ("name", "time_zone", "language")
        super().__init__(data, initial={name: getattr(person, name) for name in fields})
        self.fields["time_zone"].choices = time_zone_choices(person.time_zone)  # type: ignore[attr-defined]
