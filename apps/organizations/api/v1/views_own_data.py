"""A person's own data over the API: a copy, and having it erased."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Person
from apps.accounts.own_data import person_data_export
from apps.common.api.idempotency import Once
from apps.common.api.views import PersonView
from apps.common.errors import InvalidInput, NotAuthenticated
from apps.organizations.api.v1 import examples
from apps.organizations.api.v1.serializers import (
    ErasureRequestSerializer,
    ErasureSerializer,
    OwnDataSerializer,
)
from apps.organizations.services import person_erase


def _person(request: Request) -> Person:
    if not isinstance(request.user, Person):
        raise NotAuthenticated
    return request.user


class OwnDataView(PersonView):
    costs = {"GET": 20}

    @extend_schema(
        operation_id="me_data_retrieve",
        summary="A copy of what is kept about you",
        description="By table: what concerns your account, and what each of your workspaces has.",
        responses={200: OwnDataSerializer},
        examples=[examples.OWN_DATA],
    )
    def get(self, request: Request) -> Response:
        return Response(
            person_data_export(person=_person(request)), headers={"Cache-Control": "no-store"}
        )


class OwnErasureView(PersonView):
    once = Once.WITH_SYSTEMS
    problems = {"POST": ("403", "409")}

    @extend_schema(
        operation_id="me_erase",
        summary="Erase your account",
        description=(
            "You leave every workspace and every sign-in ends at once; a worker replaces your name and "
            "address wherever they stand. There is no way back. 409 `last_owner` while nobody else owns "
            "one of your workspaces. Needs a sign-in, or an `auth/reauthenticate/`, within the last ten "
            "minutes: else 403 `reauthentication_required`."
        ),
        request=ErasureRequestSerializer,
        responses={202: ErasureSerializer},
        examples=[examples.ERASE, examples.ERASURE],
    )
    def post(self, request: Request) -> Response:
        person = _person(request)
        email = self.body(ErasureRequestSerializer)["email"]
        if email.casefold() != person.email.casefold():
            raise InvalidInput.field("email", _("This is not your address."), "mismatch")
        erasure = person_erase(actor=self.actor, person_id=person.id)
        return Response(ErasureSerializer(erasure).data, status=202)
