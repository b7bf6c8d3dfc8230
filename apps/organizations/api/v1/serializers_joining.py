from rest_framework import serializers

from apps.accounts.enums import JoinMode
from apps.common.api.fields import IdField, QuerySerializer
from apps.organizations.api.v1.serializers import MemberBriefSerializer
from apps.organizations.enums import JoinRequestStatus
from apps.organizations.models import JoinRequest
from apps.organizations.selectors_joining import JoinOffer
from apps.tenants.api.v1.serializers import TenantSummarySerializer

OPEN_MODES = [choice for choice in JoinMode.choices if choice[0] != JoinMode.OFF]


class JoinOfferSerializer(serializers.Serializer[JoinOffer]):
    """A workspace that you may join by the verified domain of your address."""

    tenant = TenantSummarySerializer()
    join_mode = serializers.ChoiceField(
        choices=OPEN_MODES,
        source="mode",
        help_text="`automatic`: joining makes you a member. `request`: it asks to be let in.",
    )
    requested_at = serializers.DateTimeField(
        allow_null=True, help_text="Your request waits for a decision since then."
    )
    ask_again_at = serializers.DateTimeField(
        allow_null=True, help_text="Your last request was declined; you may ask again from then on."
    )


class JoiningSerializer(serializers.Serializer):
    tenant = TenantSummarySerializer()
    member_id = serializers.UUIDField(
        source="member.id", default=None, allow_null=True, help_text="You are a member."
    )
    join_request_id = serializers.UUIDField(
        source="request.id", default=None, allow_null=True, help_text="Your request waits."
    )


class JoinRequestSerializer(serializers.ModelSerializer[JoinRequest]):
    status = serializers.ChoiceField(choices=JoinRequestStatus.choices)
    decided_by = MemberBriefSerializer(
        allow_null=True, help_text="Null also where an invitation answered it."
    )
    member_id = serializers.UUIDField(
        allow_null=True, help_text="Who joined by it, once it is approved."
    )

    class Meta:
        model = JoinRequest
        fields = [
            "id",
            "person_id",
            "email",
            "name",
            "status",
            "decided_at",
            "decided_by",
            "member_id",
            "created_at",
            "updated_at",
        ]


class JoinRequestsQuery(QuerySerializer):
    status = serializers.ChoiceField(choices=JoinRequestStatus.choices, required=False)


class JoinRequestApproveSerializer(serializers.Serializer):
    role_ids = serializers.ListField(child=IdField(), min_length=1, max_length=50)
    organization_id = IdField(required=False, help_text="The root if not given.")
