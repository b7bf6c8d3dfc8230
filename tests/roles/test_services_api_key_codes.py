"""What keys keep of what they were given, and what they hold by it."""

import pytest

from apps.common.actors import Actor
from apps.common.errors import InvalidInput
from apps.roles.models import ApiKey
from apps.roles.services import api_key_rotate, api_key_update
from tests.roles.support import READ, make_key

pytestmark = pytest.mark.django_db


def test_codes_that_no_app_declares_stay(owner: Actor) -> None:
    made = make_key(owner)
    ApiKey.objects.update(permissions=["notes.gone_note", *READ])
    key = api_key_update(actor=owner, api_key_id=made.key.id, name="Other")
    assert key.permissions == ["notes.gone_note", *READ]
    assert key.held == set(READ)
    api_key_rotate(actor=owner, api_key_id=made.key.id, overlap_s=3600)
    assert ApiKey.objects.get().permissions == ["notes.gone_note", *READ]
    with pytest.raises(InvalidInput):
        api_key_update(
            actor=owner, api_key_id=made.key.id, permission_codes=["notes.other_note", *READ]
        )
    api_key_update(actor=owner, api_key_id=made.key.id, permission_codes=READ[:1])
    assert ApiKey.objects.get().permissions == READ[:1]


def test_a_key_holds_what_its_permissions_imply(owner: Actor) -> None:
    made = make_key(owner, codes=["organizations.invite_member"])
    assert made.key.given == ["organizations.invite_member"]
    assert made.key.held == {"organizations.invite_member", "organizations.view_organization"}
