"""The OpenAPI document and its page."""

import json
import re
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC, host
from tests.api.client import Api
from tests.api.schema import document, validator_of

pytestmark = pytest.mark.django_db
IDS = re.compile(r"[a-z]+(_[a-z]+)+")


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_is_valid_and_has_no_warnings(tmp_path: Any) -> None:
    target = tmp_path / "openapi.json"
    call_command(
        "spectacular", validate=True, fail_on_warn=True, format="openapi-json", file=str(target)
    )
    made = json.loads(target.read_text())
    assert made["openapi"] == "3.1.0"
    assert made["paths"] == document()["paths"]


@pytest.mark.parametrize("http_host", [PUBLIC, "acme"])
def test_it_is_served_as_yaml_and_json_to_anybody(acme: Tenant, http_host: str) -> None:
    client = Api(host(acme) if http_host == "acme" else http_host).client
    served = client.get("/api/schema/")
    assert served["Content-Type"] == "application/vnd.oai.openapi"
    assert yaml.load(served.content, yaml.CSafeLoader)["paths"] == document()["paths"]
    for extra, media_type in (
        ({"query_params": {"format": "json"}}, "application/vnd.oai.openapi+json"),
        ({"headers": {"Accept": "application/json"}}, "application/json"),
    ):
        served = client.get("/api/schema/", **extra)
        assert served["Content-Type"] == media_type
        assert json.loads(served.content) == document()


def test_every_operation_is_named_described_and_shown_by_example() -> None:
    found = [operation["operationId"] for _, _, operation in operations()]
    assert len(found) == len(set(found))
    for path, method, operation in operations():
        where = f"{method} {path}"
        assert IDS.fullmatch(operation["operationId"]), where
        assert operation["summary"], where
        assert len(operation["tags"]) == 1, where
        body = operation.get("requestBody", {}).get("content", {})
        for content in body.values():
            assert content.get("examples"), f"no example of the request: {where}"
        for status, response in operation["responses"].items():
            for media_type, content in response.get("content", {}).items():
                if status.startswith("2"):
                    assert content.get("examples"), f"no example of {status}: {where}"
                else:
                    assert media_type == "application/problem+json", where
                    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, where


def test_examples_are_what_the_schemas_say() -> None:
    for path, method, operation in operations():
        for status, response in operation["responses"].items():
            for media_type, content in response.get("content", {}).items():
                where = ("paths", path, method, "responses", status, "content", media_type)
                for example in content.get("examples", {}).values():
                    validator_of(*where, "schema").validate(example["value"])


def test_contract_of_names() -> None:
    """Clients are generated from these: adding is free, renaming is not."""
    assert {operation["operationId"] for _, _, operation in operations()} >= {
        "auth_token_create",
        "me_retrieve",
        "tenants_create",
        "tenants_retrieve",
        "tenant_retrieve",
        "tenant_update",
        "organizations_list",
        "organizations_move",
        "members_list",
        "members_retrieve",
        "members_update",
        "members_destroy",
        "invitations_create",
        "invitations_resend",
        "invitations_revoke",
        "invitations_accept",
        "permissions_list",
        "roles_update",
        "role_bindings_create",
        "access_explain",
    }
    assert set(document()["components"]["securitySchemes"]) == {"api_key", "bearer", "cookie"}


def test_the_page_needs_no_inline_script_or_style(acme: Tenant) -> None:
    client = Api(host(acme)).client
    page = client.get("/api/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "<style" not in text
    assert "style=" not in text
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert "unsafe" not in page["Content-Security-Policy"]
    refused = client.post("/api/docs/", {})
    assert refused.status_code in (403, 405)
    assert refused["Content-Type"] == "application/problem+json"


def test_every_problem_has_a_code_a_status_and_words(acme: Tenant) -> None:
    page = Api(host(acme)).client.get("/api/docs/").content.decode()
    rows = re.findall(r"<dt><code>(.*?)</code> <span>(.*?)</span></dt>\s*<dd>(.*?)</dd>", page)
    assert len(rows) == page.count('<div id="error-')
    assert all(code and status.isdigit() and words for code, status, words in rows)
    # The class of this one needs an argument, so a template must not be given classes.
    assert "rate_limited" in [code for code, _status, _words in rows]


def test_the_type_of_a_problem_leads_to_its_description(acme: Tenant) -> None:
    client = Api(host(acme))
    refused = client.get("members/").json()
    path, _, anchor = refused["type"].partition("#")
    assert f'id="{anchor}"' in client.client.get(path).content.decode()
