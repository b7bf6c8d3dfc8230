"""What is found at the start."""

from typing import Any

import pytest

from apps.accounts.checks import no_internal_provider, platform_provider_is_whole


def test_internal_hosts_are_the_sandboxs_only(settings: Any) -> None:
    assert no_internal_provider() == []
    settings.OIDC_INTERNAL_HOSTS = ["localhost:8000"]
    assert no_internal_provider() == []
    settings.SANDBOX = False
    assert [found.id for found in no_internal_provider()] == ["accounts.E001"]


WHOLE = {
    "OIDC_DISCOVERY_URL": "https://id.example/.well-known/openid-configuration",
    "OIDC_CLIENT_ID": "wrapper",
    "OIDC_CLIENT_SECRET": "x",
}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        ({"OIDC_DISCOVERY_URL": "", "OIDC_CLIENT_ID": "", "OIDC_CLIENT_SECRET": ""}, ""),
        ({"OIDC_CLIENT_ID": ""}, "set together"),
        ({"OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_SECRET is empty"),
        ({"OIDC_DISCOVERY_URL": "http://id.example/"}, "https://"),
        ({"OIDC_ALGORITHMS": ["HS256"]}, "OIDC_ALGORITHMS"),
        ({"OIDC_ALGORITHMS": []}, "OIDC_ALGORITHMS"),
        ({"OIDC_SCOPES": "email"}, "openid"),
        ({"OIDC_API_AUDIENCE": "wrapper"}, "client's own id"),
    ],
)
def test_the_platforms_provider(changes: dict[str, Any], problem: str, settings: Any) -> None:
    settings.SANDBOX = False
    for name, value in {**WHOLE, **changes}.items():
        setattr(settings, name, value)
    found = platform_provider_is_whole()
    assert [problem in str(one.msg) for one in found] == ([True] if problem else [])
