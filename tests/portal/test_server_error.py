"""The last page standing: it needs nothing that may have failed."""

from django.test import RequestFactory

from apps.portal.views import errors
from tests.portal.pages import read


def test_server_error_needs_neither_database_nor_session() -> None:
    # Without the mark django_db any statement raises.
    response = errors.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    page = read(response.content)
    assert page.check() == []
    assert "Something went wrong on our side" in "".join(page.text)
    problem = errors.server_error(RequestFactory().get("/api/v1/me/"))
    assert problem.headers["Content-Type"] == "application/problem+json"
