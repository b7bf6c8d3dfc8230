from django.db import models
from django.utils.translation import gettext_lazy as _


class Language(models.TextChoices):
    """Languages that mails and notifications are written in; pages are in English. Each has a catalogue."""

    ENGLISH = "en", _("English")
    GERMAN = "de", _("German")


class SignInMethod(models.TextChoices):
    """What a person proved who they are with. A sign-in has one or more."""

    PASSWORD = "password", _("Password")
    TOTP = "totp", _("Code of an app")
    RECOVERY_CODE = "recovery_code", _("Recovery code")
    WEBAUTHN = "webauthn", _("Passkey")
    # By the provider of the tenant that the session is in: how, the tenant decides there.
    SSO = "sso", _("The workspace’s identity provider")
    SOCIAL = "socialaccount", _("Account of another provider")


class SsoRule(models.TextChoices):
    """What an enforced identity provider asks of a member: to come in by it, or with a second factor."""

    NONE = "", _("Nothing")
    MUST = "must", _("To sign in by it")
    BREAK_GLASS = "break_glass", _("To sign in by it, or with a second factor")


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
    SSO_ENFORCED = "sso_enforced", _("The workspace takes sign-ins by its identity provider only")


class SigningKeyState(models.TextChoices):
    """NEXT is published and signs soon; VERIFYING no longer signs, but what it signed may still be good."""

    NEXT = "next", _("Next")
    SIGNING = "signing", _("Signing")
    VERIFYING = "verifying", _("Verifying")
    RETIRED = "retired", _("Retired")
    REVOKED = "revoked", _("Revoked")


class ProviderState(models.TextChoices):
    """DRAFT: connected. TESTED: somebody signed in with it, to see. ON: people may. ENFORCED: they must."""

    DRAFT = "draft", _("Not tested")
    TESTED = "tested", _("Tested")
    ON = "on", _("On")
    ENFORCED = "enforced", _("Enforced")


class ClientAuthentication(models.TextChoices):
    """How a client proves itself at the token endpoint (OpenID Connect Core, section 9)."""

    BASIC = "basic", "client_secret_basic"
    POST = "post", "client_secret_post"


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
