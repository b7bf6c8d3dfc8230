"""Who hears what: never another tenant's, never a topic that a role does not allow."""

import pytest

from apps.accounts.models import Person
from apps.common.live import tell
from apps.tenants.models import Tenant
from tests.realtime.conftest import NEWS, SECRETS, Listen, Serve, tell_person

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_person_hears_in_the_tenant_that_it_is_told_in(
    serve: Serve, listen: Listen, acme: Tenant, globex: Tenant, alice: Person, bob: Person
) -> None:
    server = serve()
    hers, his = listen(server, alice, acme), listen(server, bob, acme)
    tell_person(globex, alice, 1)
    tell_person(None, alice, 2)
    tell_person(acme, alice, 3)
    found = hers.next()
    assert (found["kind"], found["data"]) == ("tests.happened", {"n": 3})
    hers.nothing()
    his.nothing()


def test_nobody_hears_another_tenants_topics(
    serve: Serve, listen: Listen, acme: Tenant, globex: Tenant, alice: Person, charlie: Person
) -> None:
    server = serve()
    hers, his = listen(server, alice, acme), listen(server, charlie, globex)
    for topic in (NEWS, SECRETS):
        tell(tenant_id=acme.id, to=topic, data={"of": "acme"})
    tell(tenant_id=globex.id, to=NEWS, data={"of": "globex"})
    assert [hers.next()["data"] for _ in range(2)] == [{"of": "acme"}] * 2
    hers.nothing()
    assert his.next()["data"] == {"of": "globex"}
    his.nothing()


def test_a_topic_is_heard_by_who_holds_its_permission(
    serve: Serve, listen: Listen, acme: Tenant, alice: Person, bob: Person
) -> None:
    server = serve()
    owner, member = listen(server, alice, acme), listen(server, bob, acme)
    tell(tenant_id=acme.id, to=SECRETS)
    tell(tenant_id=acme.id, to=NEWS)
    assert [owner.next()["kind"] for _ in range(2)] == ["tests.secrets", "tests.news"]
    assert member.next()["kind"] == "tests.news"
    member.nothing()


def test_on_the_public_host_a_person_hears_what_is_in_no_tenant(
    serve: Serve, listen: Listen, acme: Tenant, alice: Person
) -> None:
    heard = listen(serve(), alice, None)
    tell_person(acme, alice, 1)
    tell(tenant_id=acme.id, to=NEWS)
    tell_person(None, alice, 2)
    assert heard.next()["data"] == {"n": 2}
    heard.nothing()


def test_what_changes_often_is_told_at_once_and_once_more(
    serve: Serve, listen: Listen, acme: Tenant, alice: Person
) -> None:
    heard = listen(serve(), alice, acme)
    for _ in range(50):
        tell(tenant_id=acme.id, to=NEWS, at_most_every_s=0.3)
    tell_person(acme, alice, 7)
    first, between, again = (heard.next() for _ in range(3))
    assert [first["kind"], between["kind"], again["kind"]] == [
        "tests.news",
        "tests.happened",
        "tests.news",
    ]
    # Whoever resumes from it has missed nothing that came between.
    assert again["id"] == between["id"] > first["id"]
    heard.nothing()
