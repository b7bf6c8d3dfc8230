"""Forms of the pages of organizations. The services check again."""

from typing import Any

from django import forms

from apps.organizations.organization_csv import MAX_BYTES
from apps.organizations.selectors_settings import EffectiveSetting
from apps.organizations.setting_registry import SettingKind


class SettingForm(forms.Form):
    """One field, as the setting's kind asks for."""

    def __init__(self, *args: Any, effective: EffectiveSetting, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["value"] = effective.value
        setting = effective.setting
        common: dict[str, Any] = {"label": setting.label, "help_text": setting.help}
        if setting.kind is SettingKind.CHOICE:
            self.fields["value"] = forms.ChoiceField(choices=setting.choices, **common)
        elif setting.kind is SettingKind.INTEGER:
            self.fields["value"] = forms.IntegerField(
                min_value=setting.minimum, max_value=setting.maximum, **common
            )
        else:
            self.fields["value"] = forms.CharField(
                max_length=setting.maximum, required=False, **common
            )


class ConfirmTreeForm(forms.Form):
    """The file's text goes along, so that nothing is kept between the preview and its confirmation."""

    text = forms.CharField(max_length=MAX_BYTES, strip=False, widget=forms.HiddenInput)
