"""A tenant with credits, and an operation to spend them on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from apps.common.tenancy import tenant_context
from apps.credits import operations
from apps.credits.operations import Operation, Rate, Tier, register_operations
from apps.organizations.models import Organization
from apps.organizations.selectors import root_organization
from apps.tenants.models import Tenant
from tests.credits.support import SUMMARIZE, TRANSLATE, branch

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _operations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_operations", dict(operations._operations))
    register_operations(
        [
            Operation(
                TRANSLATE,
                "Translate",
                "Words from one language into another.",
                "words",
                (
                    Rate(
                        1, SINCE, (Tier(1000, 2_000), Tier(None, 1_000)), minimum_microcredits=5_000
                    ),
                ),
            ),
            Operation(
                SUMMARIZE,
                "Summarize",
                "A text in short.",
                "pages",
                (Rate(1, SINCE, (Tier(None, 10),)),),
            ),
        ]
    )


@pytest.fixture
def inside(acme: Tenant) -> Iterator[Tenant]:
    with tenant_context(acme):
        yield acme


@dataclass
class Tree:
    """Acme has Sales and Support; Sales has West and East."""

    root: Organization
    sales: Organization
    west: Organization
    east: Organization
    support: Organization


@pytest.fixture
def tree(inside: object) -> Tree:
    root = root_organization()
    sales, support = branch(root, "Sales"), branch(root, "Support")
    return Tree(root, sales, branch(sales, "West"), branch(sales, "East"), support)
