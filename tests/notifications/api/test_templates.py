from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.notifications.models import TemplateOverride
from apps.tenants.models import Tenant

pytestmark = pytest.mark.django_db
LIST = "notification-templates/"
ONE = f"{LIST}organizations.member_joined/en/"


def test_list(api: Callable[..., Any], alice: Person, django_assert_max_num_queries: Any) -> None:
    client = api(alice)
    client.get(LIST)
    with django_assert_max_num_queries(4):
        found = client.get(LIST).json()["results"]
    assert {
        "type": "organizations.member_joined",
        "language": "de",
        "category": "people",
        "label": "Somebody joined",
        "is_own": False,
    } in found


def test_write_preview_and_reset(api: Callable[..., Any], alice: Person, acme: Tenant) -> None:
    client = api(alice)
    words = {"title": "Hi {{ email }}", "body": "", "action": ""}
    assert client.put(ONE, words).status_code == 200
    found = client.get(ONE).json()
    assert found["own"] == words
    assert found["standard"] == {
        "title": "{{ email }} joined {{ tenant }}",
        "body": "",
        "action": "Look at the member",
    }
    assert found["variables"] == ["actor", "email", "member_id", "person_id", "tenant"]
    shown = client.post(f"{ONE}preview/", {"title": "<b>{{ email }}</b>"}).json()
    assert shown["subject"] == "<b>dana@example.com</b>"
    assert "<b>dana" not in shown["html"]
    assert "&lt;b&gt;dana@example.com&lt;/b&gt;" in shown["html"]
    assert client.delete(ONE).status_code == 204
    assert client.delete(ONE).status_code == 204
    with tenant_context(acme):
        assert not TemplateOverride.objects.exists()


@pytest.mark.parametrize("path", [ONE, f"{ONE}preview/"])
def test_refused(api: Callable[..., Any], alice: Person, path: str) -> None:
    method = "PUT" if path == ONE else "POST"
    response = api(alice)(method, path, {"title": "{{ nobody }}", "body": "{% if %}"})
    assert response.status_code == 400
    errors = response.json()["errors"]
    assert [(one["attr"], one["code"]) for one in errors] == [
        ("title", "variable_unknown"),
        ("body", "template_invalid"),
    ]


def test_not_there(api: Callable[..., Any], alice: Person) -> None:
    client = api(alice)
    for path in (f"{LIST}gone.thing/en/", f"{LIST}organizations.member_joined/fr/"):
        assert client.get(path).status_code == 404
        assert client.put(path, {"title": "x"}).status_code == 404


def test_who_may(api: Callable[..., Any], bob: Person, charlie: Person) -> None:
    for person, status in ((bob, 403), (charlie, 404), (None, 401)):
        client = api(person)
        assert client.get(LIST).status_code == status
        assert client.put(ONE, {"title": "x"}).status_code == status
        assert client.delete(ONE).status_code == status
        assert client.post(f"{ONE}preview/", {}).status_code == status
