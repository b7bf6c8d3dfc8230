"""The caller's own devices: what takes push messages for them."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.current_sign_in import current_sign_in_id
from apps.accounts.devices import client_of, device_name
from apps.common.actors import Actor
from apps.common.api.exceptions import PersonRequired
from apps.common.api.views import TenantView
from apps.notifications import services
from apps.notifications.api.v1 import examples_devices as examples
from apps.notifications.api.v1.serializers_devices import (
    PushDeviceNewSerializer,
    PushDeviceSerializer,
)
from apps.notifications.enums import DeviceKind
from apps.notifications.selectors_devices import push_devices_for


class DevicesView(TenantView):
    """For members; programs are told of nothing."""

    @property
    def member(self) -> Actor:
        """Raises PersonRequired."""
        if self.actor.member_id is None:
            raise PersonRequired
        return self.actor

    def sign_in_id(self) -> uuid.UUID | None:
        return current_sign_in_id(self.request._request, self.request.auth)


class PushDevicesView(DevicesView):
    @extend_schema(
        operation_id="push_devices_list",
        summary="Your devices",
        description="Browsers and apps that take push messages for you, the newest first; at most 20.",
        responses={200: PushDeviceSerializer(many=True)},
        examples=[examples.DEVICE],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        return self.whole(list(push_devices_for(self.member)), PushDeviceSerializer)

    @extend_schema(
        operation_id="push_devices_create",
        summary="Take push messages here",
        description=(
            "Again with the same subscription or token it is the same device, and 200. It takes messages "
            "while the sign-in goes on that it was registered, or seen, with."
        ),
        request=PushDeviceNewSerializer,
        responses={200: PushDeviceSerializer, 201: PushDeviceSerializer},
        examples=[examples.NEW_BROWSER, examples.NEW_APP, examples.DEVICE],
    )
    def post(self, _request: Request) -> Response:
        member = self.member
        given = self.body(PushDeviceNewSerializer)
        agent = client_of(self.request._request).user_agent
        device, is_new = services.push_device_register(
            actor=member,
            kind=DeviceKind(given["kind"]),
            address=_address_in(given),
            label=given["label"] or device_name(agent),
            sign_in_id=self.sign_in_id(),
        )
        return Response(PushDeviceSerializer(device).data, status=201 if is_new else 200)


def _address_in(given: dict[str, Any]) -> dict[str, str]:
    """As services take it."""
    if given["kind"] != DeviceKind.WEB:
        return {"token": given["token"]}
    subscription = given["subscription"]
    return {"endpoint": subscription["endpoint"], **subscription["keys"]}


class PushDeviceView(DevicesView):
    @extend_schema(
        operation_id="push_devices_delete",
        summary="Take no push messages there any more",
        request=None,
        responses={204: None},
    )
    def delete(self, _request: Request, device_id: uuid.UUID) -> Response:
        services.push_device_remove(actor=self.member, device_id=device_id)
        return Response(status=204)


class PushDeviceSeenView(DevicesView):
    @extend_schema(
        operation_id="push_devices_seen",
        summary="It is in use",
        description=(
            "Devices say so when they are used: once an hour is enough, and after signing in again. One that "
            "was not seen for 90 days is forgotten. 404: it was removed elsewhere, and is to be registered "
            "again only if its user asks for it."
        ),
        request=None,
        responses={200: PushDeviceSerializer},
        examples=[examples.DEVICE],
    )
    def post(self, _request: Request, device_id: uuid.UUID) -> Response:
        device = services.push_device_see(
            actor=self.member, device_id=device_id, sign_in_id=self.sign_in_id()
        )
        return Response(PushDeviceSerializer(device).data)
