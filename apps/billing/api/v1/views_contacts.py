"""Where invoices and receipts go, and what is printed on them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.billing.api.v1.examples_subscription import CONTACTS
from apps.billing.permissions import MANAGE_BILLING, VIEW_BILLING
from apps.billing.selectors import customer_for
from apps.billing.services import Contacts, contacts_set
from apps.common.api.views import TenantView


class AddressSerializer(serializers.Serializer):
    line1 = serializers.CharField(max_length=200, required=False, allow_blank=True)
    line2 = serializers.CharField(max_length=200, required=False, allow_blank=True)
    postal_code = serializers.CharField(max_length=20, required=False, allow_blank=True)
    city = serializers.CharField(max_length=100, required=False, allow_blank=True)
    state = serializers.CharField(max_length=100, required=False, allow_blank=True)
    country = serializers.CharField(
        max_length=2, required=False, allow_blank=True, help_text="ISO 3166-1 alpha-2."
    )


class ContactsSerializer(serializers.Serializer):
    email = serializers.CharField(
        max_length=254, help_text="Where invoices and receipts go; empty until it was said."
    )
    name = serializers.CharField(max_length=256, help_text="Who is billed.")
    address = AddressSerializer(required=False, help_text="As on invoices; taxes go by it.")
    extra_emails = serializers.ListField(
        child=serializers.EmailField(max_length=254),
        max_length=10,
        required=False,
        help_text="Whom receipts are sent, too.",
    )


class ContactsView(TenantView):
    needs = {"GET": VIEW_BILLING, "PUT": MANAGE_BILLING}
    problems = {"PUT": ("409", "503")}

    @extend_schema(
        operation_id="billing_contacts_retrieve",
        summary="Where invoices and receipts go",
        responses={200: ContactsSerializer},
        examples=[CONTACTS],
    )
    def get(self, request: Request) -> Response:
        self.query()
        row = customer_for(self.actor)
        tenant: Any = request._request.tenant  # type: ignore[attr-defined]
        found = Contacts.of(row) if row else Contacts("", tenant.name)
        return Response(ContactsSerializer(found).data)

    @extend_schema(
        operation_id="billing_contacts_update",
        summary="Say where invoices and receipts go",
        description="All of it: what is left out is empty. Stripe is told, and prints it on invoices.",
        request=ContactsSerializer,
        responses={200: ContactsSerializer},
        examples=[CONTACTS],
    )
    def put(self, request: Request) -> Response:
        sent = self.body(ContactsSerializer)
        tenant: Any = request._request.tenant  # type: ignore[attr-defined]
        row = contacts_set(actor=self.actor, tenant=tenant, wanted=Contacts(**sent))
        return Response(ContactsSerializer(Contacts.of(row)).data)
