"""Forms about what people are told, and where."""

from typing import Any

from django import forms
from django.http import QueryDict

from apps.notifications.content import Words
from apps.notifications.enums import DigestPeriod
from apps.notifications.models import WebhookTarget
from apps.notifications.own_words import LIMITS
from apps.notifications.presenting import category_choices
from apps.notifications.selectors_templates import Template
from apps.notifications.services.preferences import Times

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class WordsForm(forms.Form):
    """The platform's words stand in the fields that are empty."""

    title = forms.CharField(label="Title", max_length=LIMITS["title"], required=False)
    body = forms.CharField(
        label="Text",
        max_length=LIMITS["body"],
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="An empty line begins a paragraph.",
    )
    action = forms.CharField(label="Button", max_length=LIMITS["action"], required=False)

    def __init__(self, data: Any = None, *, template: Template) -> None:
        words = template.words
        super().__init__(data, initial={name: getattr(words, name) for name in self.base_fields})
        for name, field in self.fields.items():
            field.widget.attrs["placeholder"] = getattr(template.standard, name)
            field.widget.attrs["lang"] = template.language
            field.widget.attrs["autocomplete"] = "off"

    def words(self) -> Words:
        return Words(**self.cleaned_data)


class WebhookForm(forms.Form):
    url = forms.CharField(
        label="Address",
        max_length=2000,
        help_text="Begins with https://, on the public internet.",
        widget=forms.URLInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "https://hooks.example.com/wrapper",
            }
        ),
        error_messages={"required": "Where is it?"},
    )
    categories = forms.MultipleChoiceField(
        label="Only these",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all of them.",
    )
    is_on = forms.BooleanField(label="On", required=False)

    def __init__(self, data: Any = None, *, target: WebhookTarget | None) -> None:
        initial: dict[str, Any] = {"is_on": True}
        if target is not None:
            initial = {
                "url": target.url,
                "categories": target.categories,
                "is_on": target.is_on,
            }
        super().__init__(data, initial=initial)
        self.fields["categories"].choices = category_choices()  # type: ignore[attr-defined]


class PhoneForm(forms.Form):
    number = forms.CharField(
        label="Mobile number",
        max_length=40,
        help_text="With the country’s code. We send a code there, which costs you nothing.",
        widget=forms.TextInput(
            attrs={"type": "tel", "autocomplete": "tel", "placeholder": "+49 151 12345678"}
        ),
        error_messages={"required": "Which number?"},
    )


class PhoneCodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=12,
        help_text="Six digits, good for ten minutes.",
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}
        ),
        error_messages={"required": "Type the code that came."},
    )


class TimesForm(forms.Form):
    """When a member is reached."""

    digest = forms.ChoiceField(
        label="Mails",
        choices=DigestPeriod.choices,
        help_text="Several in one mail, rather than each as it comes. What is urgent comes at once.",
    )
    weekday = forms.TypedChoiceField(label="Weekly on", coerce=int, choices=list(enumerate(DAYS)))
    hour = forms.TypedChoiceField(
        label="Daily and weekly at",
        coerce=int,
        choices=[(hour, f"{hour:02}:00") for hour in range(24)],
    )
    quiet_from = forms.TimeField(
        label="Quiet from", required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    quiet_until = forms.TimeField(
        label="Until", required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )

    def __init__(self, data: QueryDict | None = None, *, times: Times) -> None:
        super().__init__(data, initial={name: getattr(times, name) for name in Times.__slots__})

    @property
    def times(self) -> Times:
        return Times(**{name: self.cleaned_data[name] for name in Times.__slots__})
