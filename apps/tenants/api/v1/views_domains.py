"""Host names of the current workspace: claim, prove, make primary, give up."""

import uuid

from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.idempotency import Once
from apps.common.api.views import TenantView
from apps.common.tenancy import require_tenant
from apps.tenants import selectors_domains, services
from apps.tenants.api.v1 import examples
from apps.tenants.api.v1.serializers_domains import DomainCreateSerializer, DomainSerializer
from apps.tenants.permissions import MANAGE_DOMAINS, VIEW_SETTINGS

LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, description="Path of the domain.", response=["201"]
)


class DomainsView(TenantView):
    needs = {"GET": VIEW_SETTINGS, "POST": MANAGE_DOMAINS}
    problems = {"POST": ("402", "409")}

    @extend_schema(
        operation_id="domains_list",
        summary="List the workspace's domains",
        description="Oldest first: its subdomain, old subdomains, and domains of its own.",
        responses={200: DomainSerializer(many=True)},
        examples=[examples.DOMAIN_SUBDOMAIN, examples.DOMAIN_VERIFIED],
    )
    def get(self, request: Request) -> Response:
        self.query()
        return self.page(selectors_domains.domains_for(self.actor), DomainSerializer, again=True)

    @extend_schema(
        operation_id="domains_create",
        summary="Claim a domain",
        description=(
            "Create the TXT record that the answer names, then run the check. Until then the domain leads "
            "nowhere. A name that cannot be added answers 400 with the code `domain_invalid`, "
            "`domain_reserved` or `domain_listed`; too many of them 409 `too_many_domains`."
        ),
        request=DomainCreateSerializer,
        responses={201: DomainSerializer},
        parameters=[LOCATION],
        examples=[examples.DOMAIN_CLAIM, examples.DOMAIN_CREATED],
    )
    def post(self, request: Request) -> Response:
        domain = services.domain_add(
            actor=self.actor,
            tenant_id=require_tenant().id,
            domain=self.body(DomainCreateSerializer)["domain"],
        )
        location = reverse("api_domain", args=[domain.id])
        return Response(DomainSerializer(domain).data, status=201, headers={"Location": location})


class DomainView(TenantView):
    needs = {"GET": VIEW_SETTINGS, "DELETE": MANAGE_DOMAINS}
    etag_methods = ("GET",)
    problems = {"DELETE": ("409",)}

    @extend_schema(
        operation_id="domains_retrieve",
        summary="One domain",
        responses={200: DomainSerializer},
        examples=[examples.DOMAIN_MISSING],
    )
    def get(self, request: Request, domain_id: uuid.UUID) -> HttpResponseBase:
        return self.versioned(selectors_domains.domain_for(self.actor, domain_id), DomainSerializer)

    @extend_schema(
        operation_id="domains_destroy",
        summary="Give a domain up",
        description=(
            "It leads here no longer and is free for others. If it was primary, the subdomain becomes it. "
            "The workspace's present subdomain answers 409 `domain_needed`."
        ),
        responses={204: None},
    )
    def delete(self, request: Request, domain_id: uuid.UUID) -> Response:
        services.domain_remove(actor=self.actor, domain_id=domain_id)
        return Response(status=204)


class DomainCheckView(TenantView):
    once = Once.BY_LEASE
    needs = {"POST": MANAGE_DOMAINS}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="domains_check",
        summary="Look for a domain's record now",
        description=(
            "Asks DNS, which takes up to 5 seconds, and answers with what was found: `check_code` and "
            "`check_error`. The first time that the record is there verifies the domain. A verified one "
            "whose record has gone works on. 409: `domain_in_use` where another workspace has proven the "
            "name, `no_proof_needed`, `check_running` while another check of the workspace runs. 503 "
            "`dns_unanswered` where the proof was missing before and DNS does not say whether it still is."
        ),
        request=None,
        responses={200: DomainSerializer},
        examples=[examples.DOMAIN_VERIFIED, examples.DOMAIN_MISSING],
    )
    def post(self, request: Request, domain_id: uuid.UUID) -> Response:
        domain = services.domain_check(actor=self.actor, domain_id=domain_id)
        return Response(DomainSerializer(domain).data)


class DomainMakePrimaryView(TenantView):
    needs = {"POST": MANAGE_DOMAINS}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="domains_make_primary",
        summary="Let links lead to a domain",
        description=(
            "Links, in mails too, lead to the primary domain; the others go on. 409: `domain_unverified`, "
            "and `domain_redirects` for an old subdomain."
        ),
        request=None,
        responses={200: DomainSerializer},
        examples=[examples.DOMAIN_PRIMARY],
    )
    def post(self, request: Request, domain_id: uuid.UUID) -> Response:
        domain = services.domain_make_primary(actor=self.actor, domain_id=domain_id)
        return Response(DomainSerializer(domain).data)
