"""Ways to sign in that several requests change at once: threads and real commits."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError

from apps.accounts.models import Person
from apps.accounts.selectors import person_actor
from apps.accounts.social import (
    Identity,
    person_register_social,
    social_account_connect,
    social_account_disconnect,
)
from apps.common.errors import Conflict
from tests.accounts.support import SYSTEM
from tests.accounts.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
DANA = Identity("google", "1001", "dana@social.test", "Dana Demo")


def outcome(call: Any) -> str:
    try:
        call()
    except (Conflict, IntegrityError) as error:
        return type(error).__name__
    return "done"


def test_one_way_in_stays(alice: Person) -> None:
    alice.set_unusable_password()
    alice.save()
    accounts = [
        SocialAccount.objects.create(user=alice, provider=provider, uid="1")
        for provider in ("google", "github")
    ]

    def disconnect(index: int) -> str:
        return outcome(
            lambda: social_account_disconnect(
                actor=person_actor(alice), person_id=alice.id, account_id=accounts[index].id
            )
        )

    assert sorted(at_once(2, disconnect)) == ["Conflict", "done"]
    assert SocialAccount.objects.count() == 1


def test_two_people_connect_one_account(alice: Person, bob: Person) -> None:
    people = [alice, bob]

    def connect(index: int) -> str:
        person = people[index]
        return outcome(
            lambda: social_account_connect(
                actor=person_actor(person), person_id=person.id, identity=DANA
            )
        )

    outcomes = at_once(2, connect)
    assert sorted(outcomes)[1:] == ["done"]
    assert SocialAccount.objects.get().user == people[outcomes.index("done")]


def test_one_person_is_made(alice: Person) -> None:
    outcomes = at_once(
        4,
        lambda _: outcome(
            lambda: person_register_social(actor=SYSTEM, identity=DANA, email="dana@social.test")
        ),
    )
    assert outcomes.count("done") == 1
    assert Person.objects.filter(email="dana@social.test").count() == 1
    assert SocialAccount.objects.count() == 1
