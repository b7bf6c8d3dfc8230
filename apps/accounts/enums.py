from django.db import models
from django.utils.translation import gettext_lazy as _


class Language(models.TextChoices):
    """Languages that the pages exist in."""

    ENGLISH = "en", _("English")


class SignInMethod(models.TextChoices):
    """What a person proved who they are with. A sign-in has one or more."""

    PASSWORD = "password", _("Password")
    TOTP = "totp", _("Code of an app")
    RECOVERY_CODE = "recovery_code", _("Recovery code")
    WEBAUTHN = "webauthn", _("Passkey")
    SOCIAL = "socialaccount", _("Account of another provider")


class RevokedReason(models.TextChoices):
    """Why a sign-in, in a browser or by API, ended before its time."""

    SIGNED_OUT = "signed_out", _("Signed out")
    REVOKED = "revoked", _("Ended from the list of sessions")
    ELSEWHERE = "signed_out_elsewhere", _("Signed out from another device")
    REPLACED = "replaced", _("Signed in again in the same browser")
    STAFF = "signed_out_by_staff", _("Signed out by the platform's staff")
    REUSED = "refresh_token_reused", _("A refresh token was used twice")
    PASSWORD_CHANGED = "password_changed", _("The password was changed")
    DEACTIVATED = "deactivated", _("The account was deactivated")
    REMOVED = "membership_removed", _("Removed from the workspace")


class SigningKeyState(models.TextChoices):
    """NEXT is published and signs soon; VERIFYING no longer signs, but what it signed may still be good."""

    NEXT = "next", _("Next")
    SIGNING = "signing", _("Signing")
    VERIFYING = "verifying", _("Verifying")
    RETIRED = "retired", _("Retired")
    REVOKED = "revoked", _("Revoked")


class JoinMode(models.TextChoices):
    """How people whose address is within a verified e-mail domain come in without an invitation."""

    OFF = "off", _("Nobody")
    REQUEST = "request", _("On request")
    AUTOMATIC = "automatic", _("Anybody, at once")


class SocialRefusal(models.TextChoices):
    """Why somebody whom another provider named was not let in."""

    UNVERIFIED = "email_unverified", _("The provider has not verified the address")
    EXISTS = "account_exists", _("Somebody has an account with the address")
    OTHERS = "connected_to_another", _("It is connected to another person’s account")
    SESSION = "other_session", _("Another person had signed in meanwhile")
    PROVIDER = "provider_error", _("The provider answered with an error")
