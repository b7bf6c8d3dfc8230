"""The committed contract is what the code serves, and whoever changes it sees what that does to clients."""

import copy
import datetime as dt
import os
from typing import Any

import pytest
from openapi_spec_validator import validate

from apps.api import contract as c
from apps.api.compatibility import Change, Kind, changes

REGENERATE = "REGENERATE_API=1 .venv/bin/pytest tests/api/test_contract.py"
BREAK = REGENERATE.replace("=1", "=breaking")


def test_the_contract_is_what_is_served() -> None:
    """REGENERATE_API=1 writes the contract and the changelog; what breaks clients needs `=breaking`."""
    served = c.contract()
    committed = c.contract_committed() if c.CONTRACT.exists() else served
    found = changes(committed, served)
    listing = "\n".join(f"{one.kind.upper()}: {one.where}: {one.what}" for one in found)
    breaks = any(one.kind is Kind.BREAKING for one in found)
    how = os.environ.get("REGENERATE_API", "")
    if how == "breaking" or (how and not breaks):
        c.CONTRACT.write_text(c.contract_text(served))
        today = dt.datetime.now(dt.UTC).date()
        c.CHANGELOG.write_text(c.changelog_with(c.CHANGELOG.read_text(), found, today))
        return
    advice = f"It breaks clients. If it has to: {BREAK}" if breaks else REGENERATE
    assert c.CONTRACT.read_text() == c.contract_text(served), f"\n{listing}\n\n{advice}"


def test_the_contract_is_a_valid_document_of_a_size_to_be_read() -> None:
    validate(c.contract_committed())
    assert c.CONTRACT.stat().st_size < 400_000


OLD: dict[str, Any] = {
    "paths": {
        "/a/": {
            "post": {
                "operationId": "a_create",
                "security": [{"api_key": []}, {"bearer": []}],
                "parameters": [
                    {
                        "in": "query",
                        "name": "state",
                        "schema": {"type": "string", "enum": ["x", "y"]},
                    }
                ],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/In"}}}
                },
                "responses": {
                    "201": {
                        "headers": {"Location": {}},
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Out"}}
                        },
                    }
                },
            }
        },
        "/b/": {"get": {"operationId": "b_list", "responses": {"200": {}}}},
    },
    "components": {
        "schemas": {
            "In": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "maxLength": 10},
                    "kind": {"$ref": "#/components/schemas/Kind"},
                },
                "required": ["name"],
            },
            "Out": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "kind": {"$ref": "#/components/schemas/Kind"},
                    "parent": {"oneOf": [{"$ref": "#/components/schemas/Out"}, {"type": "null"}]},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["id", "kind"],
            },
            "Kind": {"type": "string", "enum": ["big", "small"]},
        }
    },
}
A, IN, OUT = "paths./a/.post", "components.schemas.In", "components.schemas.Out"
KIND = "components.schemas.Kind.enum"
B, D, N, X = Kind.BREAKING, Kind.DEPRECATED, Kind.ADDED, Kind.CHANGED
GONE = object()


def changed(path: str, value: Any) -> dict[str, Any]:
    new = copy.deepcopy(OLD)
    *way, last = path.split(".")
    node: Any = new
    for key in way:
        node = node[int(key) if isinstance(node, list) else key]
    if value is GONE:
        del node[last]
    else:
        node[last] = value
    return new


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("paths./b/", GONE, [(B, "`GET /b/` is gone", "b_list")]),
        (
            "paths./c/",
            {"get": {"operationId": "c_list", "responses": {}}},
            [(N, "`GET /c/`", "c_list")],
        ),
        (f"{A}.operationId", "a_make", [(B, "was named `a_create`", "a_make")]),
        (f"{A}.deprecated", True, [(D, "the operation", "a_create")]),
        (f"{A}.security", [{"bearer": []}], [(B, "no longer open to `api_key`", "a_create")]),
        (f"{A}.parameters", [], [(B, "no longer takes the query parameter `state`", "a_create")]),
        (
            f"{A}.parameters.0.required",
            True,
            [(B, "needs the query parameter `state`", "a_create")],
        ),
        (
            f"{A}.parameters.0.schema.enum",
            ["x", "z"],
            [
                (B, "no longer `y`", "a_create, query parameter `state`"),
                (N, "may be `z`", "a_create, query parameter `state`"),
            ],
        ),
        (f"{A}.requestBody.required", True, [(B, "needs a body", "a_create")]),
        (f"{A}.responses.202", {}, [(B, "answers 202", "a_create")]),
        (
            f"{A}.responses.201.headers",
            {},
            [(B, "answers without the header `Location`", "a_create")],
        ),
        (f"{IN}.properties.name.maxLength", 5, [(B, "`maxLength` was 10, is 5", "In.name")]),
        (f"{IN}.properties.name.maxLength", 20, [(X, "`maxLength` was 10, is 20", "In.name")]),
        (f"{IN}.properties.name.pattern", "a+", [(B, "has another pattern", "In.name")]),
        (f"{IN}.properties.name", GONE, [(B, "is gone", "In.name")]),
        (f"{IN}.properties.more", {"type": "string"}, [(N, "is new", "In.more")]),
        (f"{IN}.required", ["name", "kind"], [(B, "is required", "In.kind")]),
        (
            f"{IN}.properties.name.type",
            ["string", "null"],
            [(X, "was `string`, is `null`, `string`", "In.name")],
        ),
        (f"{OUT}.properties.id", GONE, [(B, "is gone", "Out.id")]),
        (f"{OUT}.required", ["id"], [(B, "is not always there", "Out.kind")]),
        (f"{OUT}.properties.more", {"type": "string"}, [(N, "is new", "Out.more")]),
        (
            f"{OUT}.properties.tags.items.type",
            "integer",
            [(B, "was `string`, is `integer`", "Out.tags[]")],
        ),
        (f"{OUT}.properties.id.deprecated", True, [(D, "the field", "Out.id")]),
        (
            f"{OUT}.properties.parent",
            {"$ref": "#/components/schemas/Out"},
            [(B, "was `Out`, `null`, is `object`", "Out")],
        ),
        # Sent and answered: a value that is gone is missed by who sends it.
        (KIND, ["big"], [(B, "no longer `small`", "Kind"), (X, "no longer `small`", "Kind")]),
        (KIND, ["big", "small", "tiny"], [(N, "may be `tiny`", "Kind")]),
    ],
)
def test_what_breaks(path: str, value: Any, expected: list[tuple[Kind, str, str]]) -> None:
    assert changes(OLD, changed(path, value)) == [Change(*one) for one in expected]


def test_prose_is_no_change() -> None:
    assert changes(OLD, OLD) == []
    assert "description" not in c.contract()["paths"]["/api/v1/groups/"]["post"]
    template = c.contract()["components"]["schemas"]["NotificationTemplate"]["properties"]
    assert template


def test_the_changelog_says_like_things_together() -> None:
    text = "# Changes\n\nLead.\n\n## 2026-01-01\n\n### Added\n\n- `old`: `GET /old/`\n"
    found = [Change(N, "takes the header", f"op_{n}") for n in range(7)] + [
        Change(B, "is gone", "Out.id")
    ]
    assert c.changelog_with(text, found, dt.date(2026, 2, 3)) == (
        "# Changes\n\nLead.\n\n## 2026-02-03\n\n### Breaking\n\n- `Out.id`: is gone\n\n### Added\n\n"
        "- `op_0`, `op_1`, `op_2`, `op_3`, `op_4` and 2 more: takes the header\n"
        "\n## 2026-01-01\n\n### Added\n\n- `old`: `GET /old/`\n"
    )
    assert c.changelog_with(text, [], dt.date(2026, 2, 3)) == text
