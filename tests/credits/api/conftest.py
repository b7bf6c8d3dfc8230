from collections.abc import Iterator

import pytest

from apps.common.tenancy import tenant_context
from apps.organizations.models import Organization
from apps.tenants.models import Tenant
from tests.api.client import api, bearer
from tests.credits.api.support import tree
from tests.credits.support import assert_sound

__all__ = ["api", "bearer"]


@pytest.fixture
def places(acme: Tenant) -> dict[str, Organization]:
    return tree(acme)


@pytest.fixture(autouse=True)
def _sound(acme: Tenant) -> Iterator[None]:
    """Whatever a request did, everything adds up."""
    yield
    with tenant_context(acme):
        assert_sound()
