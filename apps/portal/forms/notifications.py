"""When a member is reached. The services check again."""

from django import forms
from django.http import QueryDict

from apps.notifications.enums import DigestPeriod
from apps.notifications.services.preferences import Times

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class TimesForm(forms.Form):
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
