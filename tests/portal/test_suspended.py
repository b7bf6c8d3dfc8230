import pytest

from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant

pytestmark = pytest.mark.django_db


def test_a_suspended_workspace_says_what_is_kept_and_whom_to_ask(browser, acme, settings) -> None:
    settings.SUPPORT_EMAIL = "help@platform.test"
    Tenant.objects.filter(id=acme.id).update(status=TenantStatus.SUSPENDED)
    response = browser(acme).get("/members/")
    page = response.content.decode()
    assert response.status_code == 403
    assert "What is in it is kept" in page
    assert 'href="mailto:help@platform.test"' in page
    assert "btn-primary" not in page
