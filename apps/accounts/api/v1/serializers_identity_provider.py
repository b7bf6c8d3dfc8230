"""Bodies about a workspace's identity provider. The client's secret goes in and never out."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.accounts.enums import ProviderState
from apps.accounts.models import IdentityProvider
from apps.accounts.oidc.config import redirect_uri
from apps.accounts.oidc.tenant_providers import (
    CLAIM_MAX_LENGTH,
    ID_MAX_LENGTH,
    MAX_BREAK_GLASS,
    NAME_MAX_LENGTH,
    SECRET_MAX_LENGTH,
)
from apps.accounts.validators import validate_printable
from apps.common.api.fields import IdField, TextField
from apps.common.outbound import MAX_URL_LENGTH
from apps.common.urls import public_url


class ProviderClaimsSerializer(serializers.Serializer):
    sub = serializers.CharField()
    email = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    groups = serializers.ListField(child=serializers.CharField())


class ProviderTestSerializer(serializers.Serializer):
    tested_at = serializers.DateTimeField()
    error = serializers.CharField(allow_blank=True, help_text="Empty: it worked.")
    claims = ProviderClaimsSerializer(allow_null=True, help_text="What the provider said.")


class IdentityProviderSerializer(serializers.ModelSerializer[IdentityProvider]):
    redirect_uri = serializers.SerializerMethodField(
        help_text="Register it at the provider as the only redirect URI."
    )
    backchannel_logout_uri = serializers.SerializerMethodField(
        help_text="Register it at the provider, if it knows back-channel logout."
    )
    break_glass_ids = serializers.ListField(
        child=serializers.UUIDField(),
        help_text="People who may come in without it when it is enforced.",
    )
    last_test = serializers.SerializerMethodField()

    class Meta:
        model = IdentityProvider
        fields = [
            "id",
            "name",
            "state",
            "discovery_url",
            "issuer",
            "client_id",
            "groups_claim",
            "default_role_id",
            "break_glass_ids",
            "redirect_uri",
            "backchannel_logout_uri",
            "last_test",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_redirect_uri(self, _provider: IdentityProvider) -> str:
        return redirect_uri()

    def get_backchannel_logout_uri(self, _provider: IdentityProvider) -> str:
        return public_url("/oidc/backchannel-logout/")

    @extend_schema_field(ProviderTestSerializer(allow_null=True))
    def get_last_test(self, provider: IdentityProvider) -> dict[str, Any] | None:
        if provider.last_tested_at is None:
            return None
        found = {
            "tested_at": provider.last_tested_at,
            "error": provider.last_test_error,
            "claims": provider.last_test_claims or None,
        }
        return dict(ProviderTestSerializer(found).data)


class IdentityProviderConnectSerializer(serializers.Serializer):
    name = TextField(
        max_length=NAME_MAX_LENGTH,
        validators=[validate_printable],
        help_text="On the sign-in page's button.",
    )
    discovery_url = TextField(
        max_length=MAX_URL_LENGTH, help_text="Or the issuer's address, to which the rest is added."
    )
    client_id = TextField(max_length=ID_MAX_LENGTH, validators=[validate_printable])
    client_secret = TextField(
        max_length=SECRET_MAX_LENGTH,
        validators=[validate_printable],
        required=False,
        write_only=True,
        help_text="Left out: it stays. Needed for another address or client.",
    )
    groups_claim = TextField(
        max_length=CLAIM_MAX_LENGTH, validators=[validate_printable], default="groups"
    )


class IdentityProviderUpdateSerializer(serializers.Serializer):
    state = serializers.ChoiceField(
        choices=ProviderState.choices,
        required=False,
        help_text="`tested`: off. `enforced`: nobody else.",
    )
    default_role_id = IdField(
        allow_null=True,
        required=False,
        help_text="Role of those who join by signing in; null: nobody joins.",
    )
    break_glass_ids = serializers.ListField(
        child=IdField(), max_length=MAX_BREAK_GLASS, required=False
    )
