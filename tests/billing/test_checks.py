"""What `manage.py check` finds of declarations."""

from dataclasses import replace
from typing import Any

import pytest

from apps.billing import catalogue, checks
from apps.billing.declarations import Terms, gives
from apps.common import entitlements
from apps.common.entitlements import Entitlement, Kind, Period, register_entitlements


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entitlements, "_declared", dict(entitlements._declared))
    monkeypatch.setattr(entitlements, "_conflicting", [])


def found() -> list[tuple[Any, str | None]]:
    return [(one.obj, one.id) for one in checks.check_entitlements()]


LIMIT = Entitlement(
    "roles.things", "Things", "Things.", Kind.LIMIT, unit="things", rows=lambda _tenant: []
)
BOOLEAN = Entitlement("roles.thing", "Thing", "A thing.", Kind.BOOLEAN, default=True)
METERED = Entitlement(
    "roles.uses", "Uses", "Uses.", Kind.METERED, unit="uses", period=Period.BILLING
)


def test_what_is_declared_is_right() -> None:
    register_entitlements([LIMIT, BOOLEAN, METERED])
    assert found() == []
    assert checks.check_catalogue() == []


@pytest.mark.parametrize(
    ("wrong", "number"),
    [
        (replace(LIMIT, code="things"), "E002"),
        (replace(LIMIT, code="roles.Things"), "E002"),
        (replace(LIMIT, code="elsewhere.things"), "E002"),
        (replace(LIMIT, code="roles." + "x" * 80), "E002"),
        (replace(LIMIT, label=" "), "E003"),
        (replace(LIMIT, label="x" * 61), "E003"),
        (replace(LIMIT, description=""), "E003"),
        (replace(LIMIT, unit=""), "E004"),
        (replace(LIMIT, default=-1), "E004"),
        (replace(LIMIT, period=Period.MONTH), "E004"),
        (replace(BOOLEAN, default=None), "E004"),
        (replace(BOOLEAN, unit="things"), "E004"),
        (replace(METERED, period=None), "E004"),
        (replace(METERED, rows=LIMIT.rows), "E004"),
    ],
)
def test_what_is_wrong(wrong: Entitlement, number: str) -> None:
    register_entitlements([wrong])
    assert found() == [(wrong.code, f"billing.{number}")]


def test_declared_twice() -> None:
    register_entitlements([LIMIT])
    register_entitlements([LIMIT])
    assert found() == []
    register_entitlements([replace(LIMIT, label="Other things")])
    assert found() == [("roles.things", "billing.E001")]
    assert str(entitlements.entitlement("roles.things").label) == "Things"


def test_a_catalogue_with_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    starter = catalogue.PLANS[1]
    monkeypatch.setattr(
        catalogue,
        "PLANS",
        (
            replace(starter, terms=Terms(entitlements=gives({"x.y": 1})), is_default=True),
            replace(starter, code="Gold", is_default=True),
        ),
    )
    monkeypatch.setattr(catalogue, "ADD_ONS", (catalogue.ADD_ONS[0], catalogue.ADD_ONS[0]))
    assert [(one.obj, one.id) for one in checks.check_catalogue()] == [
        ("starter", "billing.E005"),
        ("Gold", "billing.E005"),
        ("seats_10", "billing.E005"),
        ("seats_10", "billing.E005"),
        (None, "billing.E006"),
    ]
