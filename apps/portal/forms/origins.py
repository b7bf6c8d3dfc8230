"""The form of which sites may call the API. It shapes input; the service decides."""

from django import forms

from apps.tenants.origins import MAX_CHARS, MAX_ORIGINS


class OriginsForm(forms.Form):
    allowed_origins = forms.CharField(
        label="Origins",
        required=False,
        max_length=2 * MAX_ORIGINS * MAX_CHARS,
        widget=forms.Textarea(
            attrs={
                "rows": 6,
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "placeholder": "https://app.example.com",
            }
        ),
    )

    def clean_allowed_origins(self) -> list[str]:
        return self.cleaned_data["allowed_origins"].split()
