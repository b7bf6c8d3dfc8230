"""allauth's forms with one password field, bounded input, and the labels that our other forms have."""

from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account import forms as allauth_forms
from django import forms
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.accounts import services
from apps.accounts.models import Person
from apps.accounts.validators import validate_printable
from apps.common.actors import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# Long enough for any password manager; hashing megabytes would only serve an attacker.
PASSWORD_MAX_LENGTH = 256
EMAIL_MAX_LENGTH = 254  # RFC 5321, section 4.5.3.1.3
EMAIL_INVALID = _("Enter a valid e-mail address.")


class _Ours:
    """Mixin: passwords are typed once; what is typed is of a bounded length; labels are ours."""

    fields: dict[str, forms.Field]
    labels: ClassVar["dict[str, StrPromise]"] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        for name, field in self.fields.items():
            if name in self.labels:
                field.label = self.labels[name]
            if isinstance(field.widget, forms.PasswordInput):
                self._bound(field, PASSWORD_MAX_LENGTH)
            elif isinstance(field, forms.EmailField):
                self._bound(field, EMAIL_MAX_LENGTH)
                field.label = _("E-mail address")
                field.error_messages["invalid"] = EMAIL_INVALID
                field.validators.append(validate_printable)

    @staticmethod
    def _bound(field: forms.Field, length: int) -> None:
        field.widget.attrs["maxlength"] = length
        field.widget.attrs.pop("placeholder", None)
        field.validators.append(MaxLengthValidator(length))


class SignupForm(_Ours, allauth_forms.SignupForm):
    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        validators=[validate_printable],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ["name", "email", "password1"]

    def try_save(self, request: HttpRequest) -> tuple[Person | None, HttpResponse | None]:
        if self.account_already_exists:
            # The time that a new account's password takes: who has one must not be measurable.
            Person().set_password(self.cleaned_data["password1"])
        return super().try_save(request)

    def save(self, request: HttpRequest) -> Person:
        return services.person_register(
            actor=Actor.system("sign-up"),
            name=self.cleaned_data["name"],
            email=self.cleaned_data["email"],
            password=self.cleaned_data["password1"],
        )


class LoginForm(_Ours, allauth_forms.LoginForm):
    pass


class ChangePasswordForm(_Ours, allauth_forms.ChangePasswordForm):
    labels = {"oldpassword": _("Current password"), "password1": _("New password")}


class ResetPasswordForm(_Ours, allauth_forms.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(_Ours, allauth_forms.ResetPasswordKeyForm):
    labels = {"password1": _("New password")}


class ReauthenticateForm(_Ours, allauth_forms.ReauthenticateForm):
    pass
