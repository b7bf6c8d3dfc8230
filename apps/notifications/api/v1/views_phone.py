"""The caller's own number for text messages."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.fields import TextField
from apps.common.api.idempotency import Once
from apps.common.errors import NotFound
from apps.notifications import services
from apps.notifications.api.v1 import examples_phone as examples
from apps.notifications.api.v1.views import InboxView
from apps.notifications.models import Phone
from apps.notifications.services.phone import phone_of


class PhoneSerializer(serializers.ModelSerializer[Phone]):
    class Meta:
        model = Phone
        fields = ["number_end", "verified_at", "code_expires_at"]
        read_only_fields = fields


class PhoneNumberSerializer(serializers.Serializer[Any]):
    number = TextField(max_length=40, help_text="A mobile number with + and the country's code.")


class PhoneCodeSerializer(serializers.Serializer[Any]):
    code = TextField(max_length=12)


class PhoneView(InboxView):
    problems = {"GET": ("404",), "PUT": ("402", "409", "429")}

    @extend_schema(
        operation_id="phone_retrieve",
        summary="Your number for text messages",
        description="Of the number only its end. 404 where there is none.",
        responses={200: PhoneSerializer},
        examples=[examples.PHONE],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        phone = phone_of(self.member)
        if phone is None:
            raise NotFound
        return Response(PhoneSerializer(phone).data)

    @extend_schema(
        operation_id="phone_update",
        summary="Have a code sent to a number",
        description=(
            "It replaces the number that was there, and gets text messages once the code was sent to "
            "`phone/verify/`. A code is good for ten minutes and five tries."
        ),
        request=PhoneNumberSerializer,
        responses={202: PhoneSerializer},
        examples=[examples.NUMBER, examples.WAITING],
    )
    def put(self, _request: Request) -> Response:
        request: Any = self.request._request
        phone = services.phone_code_send(
            actor=self.member,
            tenant=request.tenant,
            number=self.body(PhoneNumberSerializer)["number"],
            language=self.request.user.language,  # type: ignore[union-attr]  # signed in
        )
        return Response(PhoneSerializer(phone).data, status=202)

    @extend_schema(
        operation_id="phone_destroy",
        summary="Forget your number",
        responses={204: None},
    )
    def delete(self, _request: Request) -> Response:
        services.phone_remove(actor=self.member)
        return Response(status=204)


class PhoneVerifyView(InboxView):
    once = Once.BY_LEASE
    problems = {"POST": ("404", "409", "429")}

    @extend_schema(
        operation_id="phone_verify",
        summary="Type the code that was sent",
        description="A wrong one answers 400 `code_wrong`; one that is over 409 `code_over`.",
        request=PhoneCodeSerializer,
        responses={200: PhoneSerializer},
        examples=[examples.CODE, examples.PHONE],
    )
    def post(self, _request: Request) -> Response:
        phone = services.phone_verify(
            actor=self.member, code=self.body(PhoneCodeSerializer)["code"]
        )
        return Response(PhoneSerializer(phone).data)
