"""allauth's forms for second factors: bounded input, and passkeys from pages of the public host only.

Every subdomain may ask browsers for passkeys of the base domain (WebAuthn, section 5.1.4.1: the RP id is a
suffix of the origin). Workspaces must not be able to, so the origin that the browser signed is compared.
"""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as webauthn_forms
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from fido2.webauthn import AuthenticationResponse, RegistrationResponse

CODE_MAX_LENGTH = 40
CREDENTIAL_MAX_LENGTH = 20_000
NAME_MAX_LENGTH = 60
# What parsing and verifying what a browser sent can raise: fido2 validates as it goes.
WRONG = (ValueError, TypeError, KeyError, AttributeError, IndexError, NotImplementedError)


def refusal() -> ValidationError:
    """The one answer to a credential that is not good, whatever is wrong with it."""
    error: ValidationError = get_adapter().validation_error("incorrect_code")
    return error


def require_public_origin(response: AuthenticationResponse | RegistrationResponse) -> None:
    """Raises ValidationError for a ceremony on another host, or inside another site's frame."""
    client = response.response.client_data
    if client.origin != settings.PUBLIC_URL or client.cross_origin:
        raise refusal()


def registered(credential: Any) -> None:
    """Check an answer of navigator.credentials.create() to the session's challenge, which is used up.

    Raises ValidationError.
    """
    try:
        require_public_origin(RegistrationResponse.from_dict(credential))
        auth.complete_registration(credential)
    except WRONG as error:
        raise refusal() from error


class _Code:
    """Mixin: a code of bounded length, with our label."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = "Code"
        field.validators.append(MaxLengthValidator(CODE_MAX_LENGTH))
        field.widget.attrs.pop("placeholder", None)
        field.widget.attrs |= {"maxlength": CODE_MAX_LENGTH, "autocapitalize": "none"}


class AuthenticateForm(_Code, base_forms.AuthenticateForm):
    pass


class ReauthenticateForm(_Code, base_forms.ReauthenticateForm):
    pass


class _Passkey:
    """Mixin: an answer of navigator.credentials.get() to the session's challenge."""

    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = BoundedJSONField(widget=forms.HiddenInput)

    def clean_credential(self) -> Authenticator:
        try:
            require_public_origin(AuthenticationResponse.from_dict(self.cleaned_data["credential"]))
            found: Authenticator = super().clean_credential()  # type: ignore[misc]
        except WRONG as error:
            raise refusal() from error
        return found


class BoundedJSONField(forms.JSONField):
    """JSON of bounded length and depth; json.loads() raises RecursionError for thousands of brackets."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > CREDENTIAL_MAX_LENGTH:
            raise refusal()
        try:
            return super().to_python(value)
        except RecursionError as error:
            raise refusal() from error


class AuthenticateWebAuthnForm(_Passkey, webauthn_forms.AuthenticateWebAuthnForm):
    pass


class LoginWebAuthnForm(_Passkey, webauthn_forms.LoginWebAuthnForm):
    pass


class ReauthenticateWebAuthnForm(_Passkey, webauthn_forms.ReauthenticateWebAuthnForm):
    pass
