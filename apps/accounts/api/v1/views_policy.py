"""How people have to sign in to the current workspace."""

from django.db import transaction
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts import sign_in_policy
from apps.accounts.api.v1 import examples
from apps.accounts.api.v1.serializers import SignInPolicySerializer, SignInPolicyUpdateSerializer
from apps.accounts.permissions import MANAGE_SIGN_IN_POLICY
from apps.common.api.views import TenantView
from apps.tenants.permissions import VIEW_SETTINGS


class SignInPolicyView(TenantView):
    needs = {"GET": VIEW_SETTINGS, "PATCH": MANAGE_SIGN_IN_POLICY}
    etag_methods = ("GET", "PATCH")
    problems = {"PATCH": ("409",)}

    @extend_schema(
        operation_id="sign_in_policy_retrieve",
        summary="The workspace's sign-in policy",
        responses={200: SignInPolicySerializer},
        examples=[examples.SIGN_IN_POLICY],
    )
    def get(self, request: Request) -> HttpResponseBase:
        return self.versioned(sign_in_policy.sign_in_policy_for(self.actor), SignInPolicySerializer)

    @extend_schema(
        operation_id="sign_in_policy_update",
        summary="Change the workspace's sign-in policy",
        description=(
            "Effective on everybody's next request. Requiring a second factor answers 409 "
            "`mfa_required` to who has not signed in with one."
        ),
        request=SignInPolicyUpdateSerializer,
        responses={200: SignInPolicySerializer},
        examples=[examples.SIGN_IN_POLICY_UPDATE, examples.SIGN_IN_POLICY],
    )
    def patch(self, request: Request) -> HttpResponseBase:
        changes = self.body(SignInPolicyUpdateSerializer, partial=True)
        with transaction.atomic():
            if self.has_condition:
                policy = sign_in_policy.sign_in_policy_update(actor=self.actor)
                self.check_condition(policy, SignInPolicySerializer)
            policy = sign_in_policy.sign_in_policy_update(actor=self.actor, **changes)
        return self.versioned(policy, SignInPolicySerializer)
