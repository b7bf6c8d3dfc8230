"""The API's contract as it is committed: the document without what is only for people; and its changelog."""

import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from drf_spectacular.renderers import OpenApiJsonRenderer

from apps.api.compatibility import Change, Kind
from apps.api.views import schema_rendered

CONTRACT = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"
CHANGELOG = Path(settings.BASE_DIR) / "docs" / "api-changelog.md"
# What is only for people to read; it changes without changing anything.
PROSE = frozenset({"description", "summary", "example", "examples", "title", "tags"})
MANY = 5
WIDTH = 110


def contract() -> dict[str, Any]:
    """Every operation with what it takes and answers when it succeeds. All problems are of one shape."""
    document = json.loads(schema_rendered(OpenApiJsonRenderer))
    paths = _bare(document["paths"])
    for operations in paths.values():
        for operation in operations.values():
            operation["responses"] = {
                status: {**answer, "description": ""}
                for status, answer in operation["responses"].items()
                if status.startswith("2")
            }
    return {
        "openapi": document["openapi"],
        "info": {name: document["info"][name] for name in ("title", "version")},
        "paths": paths,
        "components": {
            "schemas": _bare(document["components"]["schemas"], are_names=True),
            "securitySchemes": _bare(document["components"]["securitySchemes"], are_names=True),
        },
    }


def _bare(node: Any, *, are_names: bool = False) -> Any:
    """are_names: the keys are somebody's names, such as a property that is called `title`."""
    if isinstance(node, list):
        return [_bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _bare(value, are_names=key == "properties" and not are_names)
        for key, value in node.items()
        if are_names or key not in PROSE
    }


def contract_text(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=True, width=WIDTH)


def contract_committed() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(CONTRACT.read_text(), yaml.CSafeLoader)
    return found


def changelog_with(text: str, found: Iterable[Change], day: dt.date) -> str:
    """The changelog with an entry for the day on top: the changes, by their kind, like ones together."""
    places: dict[tuple[Kind, str], list[str]] = {}
    for change in found:
        places.setdefault((change.kind, change.what), []).append(change.where)
    if not places:
        return text
    lines = [f"## {day.isoformat()}", ""]
    for kind in Kind:
        of_kind = sorted((what, where) for (one, what), where in places.items() if one is kind)
        if of_kind:
            lines += [f"### {kind.value}", ""]
            lines += [f"- {_places(where)}: {what}" for what, where in of_kind]
            lines.append("")
    head, mark, rest = text.partition("\n## ")
    return f"{head.rstrip()}\n\n" + "\n".join(lines) + (f"\n## {rest}" if mark else "")


def _places(where: list[str]) -> str:
    named = ", ".join(f"`{one}`" for one in sorted(where)[:MANY])
    return named if len(where) <= MANY else f"{named} and {len(where) - MANY} more"
