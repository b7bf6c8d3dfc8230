"""The list of event types: in the docs, and over the API."""

import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from apps.events import catalogue, registry
from tests.accounts.support import PUBLIC
from tests.api.client import Api, same_problem

DOCS = Path(__file__).parents[2] / "docs" / "events.md"
HEADING = "## Every type of event"
REGENERATE = "REGENERATE_EVENTS=1 .venv/bin/pytest tests/api/test_event_types.py"


def test_the_docs_have_what_the_code_declares() -> None:
    # Without what tests declare.
    made = [line for line in catalogue.markdown() if "sample." not in line]
    made = "\n".join(made).replace(
        "\n\n### sample\n\n| event | about | payload |\n|---|---|---|", ""
    )
    text = DOCS.read_text()
    head, _, rest = text.partition(HEADING)
    lead = rest.lstrip("\n").partition("\n\n")[0].rstrip("\n")
    expected = f"{head}{HEADING}\n\n{lead}\n{made}\n"
    if os.environ.get("REGENERATE_EVENTS"):
        DOCS.write_text(expected)
    assert DOCS.read_text() == expected, REGENERATE


def test_every_type_says_what_it_is_and_its_schema_is_valid() -> None:
    for found in catalogue.event_types():
        Draft202012Validator.check_schema(found.schema)
        assert found.aggregate in found.schema["required"]


@pytest.mark.django_db
def test_api() -> None:
    client = Api(PUBLIC)
    listed = client.get("event-types/").json()["results"]
    assert [one["name"] for one in listed] == sorted(registry.events())
    one = client.get("event-types/organizations.member_joined/")
    assert one.json() in listed
    assert one.json()["scope"] == "organization"
    missing = client.get("event-types/organizations.member_exploded/")
    assert missing.status_code == 404
    same_problem(missing, client.get("event-types/x/"))
