"""allauth's forms with one password field and bounded input."""

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.accounts import services
from apps.accounts.models import Person
from apps.accounts.validators import validate_printable
from apps.common.actors import Actor

# Long enough for any password manager; hashing megabytes would only serve an attacker.
PASSWORD_MAX_LENGTH = 256
EMAIL_MAX_LENGTH = 254  # RFC 5321, section 4.5.3.1.3


class _Bounded:
    """Mixin: passwords are typed once; what is typed is of a bounded length."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        for field in self.fields.values():
            if isinstance(field.widget, forms.PasswordInput):
                self._bound(field, PASSWORD_MAX_LENGTH)
            elif isinstance(field, forms.EmailField):
                self._bound(field, EMAIL_MAX_LENGTH)

    @staticmethod
    def _bound(field: forms.Field, length: int) -> None:
        field.widget.attrs["maxlength"] = length
        field.widget.attrs.pop("placeholder", None)
        field.validators.append(MaxLengthValidator(length))


class SignupForm(_Bounded, allauth_forms.SignupForm):
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


class LoginForm(_Bounded, allauth_forms.LoginForm):
    pass


class ChangePasswordForm(_Bounded, allauth_forms.ChangePasswordForm):
    pass


class ResetPasswordForm(_Bounded, allauth_forms.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(_Bounded, allauth_forms.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(_Bounded, allauth_forms.ReauthenticateForm):
    pass
