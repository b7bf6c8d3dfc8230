"""Bodies of the accounts endpoints. Passwords and tokens are never echoed into errors or logs."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from apps.accounts.devices import device_name
from apps.accounts.enums import Language
from apps.accounts.forms import PASSWORD_MAX_LENGTH
from apps.accounts.managers import normalize_email
from apps.accounts.mfa_forms import CODE_MAX_LENGTH
from apps.accounts.models import Person, SignInPolicy, TenantMembership
from apps.accounts.session_list import API, BROWSER, SUPPORT
from apps.accounts.validators import validate_printable, validate_time_zone
from apps.common.api.fields import FlagField
from apps.tenants.enums import TenantStatus

SESSION_KINDS = [
    (BROWSER, "In a browser"),
    (API, "By API"),
    (SUPPORT, "Platform staff who act for you"),
]


class EmailField(serializers.EmailField):
    """Without control characters, which RFC 5321 knows in quoted local parts and servers refuse."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.append(validate_printable)

    def to_internal_value(self, data: str) -> str:
        return normalize_email(super().to_internal_value(data))


class CredentialsSerializer(serializers.Serializer):
    email = EmailField(max_length=254)
    password = serializers.CharField(max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False)
    mfa_code = serializers.CharField(
        max_length=CODE_MAX_LENGTH,
        required=False,
        help_text="A code of the authenticator app, or a recovery code; each is good once.",
    )


class ReauthenticateSerializer(serializers.Serializer):
    password = serializers.CharField(
        max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False, required=False
    )
    mfa_code = serializers.CharField(max_length=CODE_MAX_LENGTH, required=False)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        if not attrs:
            raise serializers.ValidationError("Send `password`, `mfa_code` or both.")
        return attrs


class TokenPairSerializer(serializers.Serializer):
    access = serializers.CharField(help_text="Send as `Authorization: Bearer`.")
    refresh = serializers.CharField(help_text="Good once, for `auth/token/refresh/`.")
    expires_in_s = serializers.IntegerField(help_text="Seconds until the access token expires.")
    token_type = serializers.CharField()


class RefreshSerializer(serializers.Serializer):
    refresh = serializers.CharField(max_length=200)


class SignupSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=150, validators=[validate_printable])
    email = EmailField(max_length=254)
    password = serializers.CharField(
        max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False, write_only=True
    )

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        try:
            validate_password(attrs["password"], Person(email=attrs["email"], name=attrs["name"]))
        except DjangoValidationError as error:
            raise serializers.ValidationError({"password": error.messages}) from error
        return attrs


class PasswordResetSerializer(serializers.Serializer):
    email = EmailField(max_length=254)


class DetailSerializer(serializers.Serializer):
    detail = serializers.CharField()


class PersonSerializer(serializers.ModelSerializer[Person]):
    class Meta:
        model = Person
        fields = ["id", "email", "name", "language", "time_zone", "created_at"]
        read_only_fields = fields


class PersonUpdateSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=150, validators=[validate_printable], required=False)
    language = serializers.ChoiceField(choices=Language.choices, required=False)
    time_zone = serializers.CharField(
        max_length=64, validators=[validate_time_zone], required=False
    )


class MyTenantSerializer(serializers.ModelSerializer[TenantMembership]):
    id = serializers.UUIDField(source="tenant_id")
    slug = serializers.CharField(source="tenant.slug")
    name = serializers.CharField(source="tenant.name")
    status = serializers.ChoiceField(source="tenant.status", choices=TenantStatus.choices)
    url = serializers.SerializerMethodField()

    class Meta:
        model = TenantMembership
        fields = ["id", "slug", "name", "status", "url"]

    def get_url(self, membership: TenantMembership) -> str:
        return membership.tenant.url()


class SessionSerializer(serializers.Serializer):
    """A row of `session_list.SignIns`."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=SESSION_KINDS)
    parent_id = serializers.UUIDField(
        source="came_from",
        allow_null=True,
        help_text="The browser's session on the public host, which a workspace's came from.",
    )
    tenant = serializers.CharField(
        source="tenant_slug", allow_null=True, help_text="Good in this workspace only."
    )
    host = serializers.CharField(source="at_host", help_text="The workspace's; else empty.")
    device = serializers.SerializerMethodField(help_text="In words, by what it says of itself.")
    user_agent = serializers.CharField()
    ip = serializers.IPAddressField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(help_text="To about five minutes, for browsers.")
    expires_at = serializers.DateTimeField()
    current = serializers.BooleanField(
        source="is_current", help_text="Whether this request uses it."
    )

    def get_device(self, session: dict[str, Any]) -> str:
        return device_name(session["user_agent"])


class RevokedSerializer(serializers.Serializer):
    revoked = serializers.IntegerField(help_text="How many sign-ins ended.")


class SignInPolicySerializer(serializers.ModelSerializer[SignInPolicy]):
    class Meta:
        model = SignInPolicy
        fields = ["require_mfa", "allow_support"]
        read_only_fields = fields


class SignInPolicyUpdateSerializer(serializers.Serializer):
    require_mfa = FlagField(help_text="Everybody signs in with a second factor or a passkey.")
    allow_support = FlagField(
        help_text="The platform's staff can come in as a member, with a reason, for an hour at most."
    )


class CodeFactorSerializer(serializers.Serializer):
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class PasskeySerializer(CodeFactorSerializer):
    id = serializers.IntegerField()
    name = serializers.CharField(source="data.name")


class FactorsSerializer(serializers.Serializer):
    enabled = serializers.BooleanField(
        source="is_enabled", help_text="Signing in by password asks for a second factor."
    )
    totp = CodeFactorSerializer(allow_null=True, help_text="The authenticator app.")
    passkeys = PasskeySerializer(many=True)
    recovery_codes_left = serializers.IntegerField(source="codes_left")


class TotpSetupSerializer(serializers.Serializer):
    secret = serializers.CharField(help_text="Base32, as apps want it.")
    uri = serializers.CharField(help_text="`otpauth://…`, for a QR code.")


class CodeSerializer(serializers.Serializer):
    code = serializers.CharField(max_length=CODE_MAX_LENGTH)


class RecoveryCodesSerializer(serializers.Serializer):
    recovery_codes = serializers.ListField(
        child=serializers.CharField(),
        help_text="Each is good once. Keep them where the app is not.",
    )
