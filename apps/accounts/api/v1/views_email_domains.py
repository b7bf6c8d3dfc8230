"""E-mail domains of the current workspace: claim, prove, say who joins by them, give up."""

import uuid

from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import email_domains, selectors_email_domains
from apps.accounts.api.v1 import examples_email_domains as examples
from apps.accounts.api.v1.serializers_email_domains import (
    EmailDomainCreateSerializer,
    EmailDomainSerializer,
    EmailDomainUpdateSerializer,
)
from apps.accounts.enums import JoinMode
from apps.accounts.permissions import MANAGE_EMAIL_DOMAINS
from apps.common.api.idempotency import Once
from apps.common.api.views import TenantView
from apps.common.tenancy import require_tenant
from apps.tenants.permissions import VIEW_SETTINGS

LOCATION = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    description="Path of the e-mail domain.",
    response=["201"],
)


class EmailDomainsView(TenantView):
    needs = {"GET": VIEW_SETTINGS, "POST": MANAGE_EMAIL_DOMAINS}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="email_domains_list",
        summary="List the workspace's e-mail domains",
        description="Oldest first.",
        responses={200: EmailDomainSerializer(many=True)},
        examples=[examples.VERIFIED],
    )
    def get(self, request: Request) -> Response:
        self.query()
        rows = selectors_email_domains.email_domains_for(self.actor)
        return self.page(rows, EmailDomainSerializer)

    @extend_schema(
        operation_id="email_domains_create",
        summary="Claim an e-mail domain",
        description=(
            "Create the TXT record that the answer names, then run the check. A name that cannot be added "
            "answers 400 with the code `domain_invalid`, `domain_reserved`, `domain_public` (a public mail "
            "provider's) or `domain_listed`; too many of them 409 `too_many_domains`."
        ),
        request=EmailDomainCreateSerializer,
        responses={201: EmailDomainSerializer},
        parameters=[LOCATION],
        examples=[examples.CLAIM, examples.CREATED],
    )
    def post(self, request: Request) -> Response:
        domain = email_domains.email_domain_add(
            actor=self.actor,
            tenant_id=require_tenant().id,
            domain=self.body(EmailDomainCreateSerializer)["domain"],
        )
        location = reverse("api_email_domain", args=[domain.id])
        data = EmailDomainSerializer(domain).data
        return Response(data, status=201, headers={"Location": location})


class EmailDomainView(TenantView):
    needs = {
        "GET": VIEW_SETTINGS,
        "PATCH": MANAGE_EMAIL_DOMAINS,
        "DELETE": MANAGE_EMAIL_DOMAINS,
    }
    etag_methods = ("GET",)
    problems = {"PATCH": ("409",)}

    @extend_schema(
        operation_id="email_domains_retrieve",
        summary="One e-mail domain",
        responses={200: EmailDomainSerializer},
        examples=[examples.MISSING],
    )
    def get(self, request: Request, email_domain_id: uuid.UUID) -> HttpResponseBase:
        domain = selectors_email_domains.email_domain_for(self.actor, email_domain_id)
        return self.versioned(domain, EmailDomainSerializer)

    @extend_schema(
        operation_id="email_domains_update",
        summary="Say who may join by an e-mail domain",
        description="409 `domain_unverified` while its record is not there.",
        request=EmailDomainUpdateSerializer,
        responses={200: EmailDomainSerializer},
        examples=[examples.OPEN_UP, examples.OPEN],
    )
    def patch(self, request: Request, email_domain_id: uuid.UUID) -> Response:
        domain = email_domains.email_domain_set_join_mode(
            actor=self.actor,
            email_domain_id=email_domain_id,
            join_mode=JoinMode(self.body(EmailDomainUpdateSerializer)["join_mode"]),
        )
        return Response(EmailDomainSerializer(domain).data)

    @extend_schema(
        operation_id="email_domains_destroy",
        summary="Give an e-mail domain up",
        description="It is free for others. Members who joined by it stay.",
        responses={204: None},
    )
    def delete(self, request: Request, email_domain_id: uuid.UUID) -> Response:
        email_domains.email_domain_remove(actor=self.actor, email_domain_id=email_domain_id)
        return Response(status=204)


class EmailDomainCheckView(TenantView):
    once = Once.BY_LEASE
    needs = {"POST": MANAGE_EMAIL_DOMAINS}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="email_domains_check",
        summary="Look for an e-mail domain's record now",
        description=(
            "Asks DNS, which takes up to 5 seconds, and answers with what was found: `check_code` and "
            "`check_error`. Finding the record verifies the domain. Where the record of a verified domain "
            "has gone, `join_mode` becomes `off`, and after 7 days the domain is a claim again. 409: "
            "`domain_in_use` where it is verified for another workspace, `no_proof_needed`, `check_running` "
            "while another check of the workspace runs. 503 `dns_unanswered` where the proof was missing "
            "before and DNS does not say whether it still is."
        ),
        request=None,
        responses={200: EmailDomainSerializer},
        examples=[examples.VERIFIED, examples.MISSING],
    )
    def post(self, request: Request, email_domain_id: uuid.UUID) -> Response:
        domain = email_domains.email_domain_check(actor=self.actor, email_domain_id=email_domain_id)
        return Response(EmailDomainSerializer(domain).data)
