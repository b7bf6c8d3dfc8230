"""Sign-in with Google and GitHub, by allauth.socialaccount; a provider without a client id is off."""

from typing import Any
from urllib.parse import urlsplit

from config.settings.environment import env

SOCIALACCOUNT_ADAPTER = "apps.accounts.social_adapter.SocialAdapter"
# An address that a provider names never opens an account here: people connect from within it.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5

GOOGLE = "https://accounts.google.com"
GITHUB = "https://github.com"


def social_providers(
    *,
    google: tuple[str, str] = ("", ""),
    github: tuple[str, str] = ("", ""),
    google_url: str = "",
    github_url: str = "",
) -> dict[str, Any]:
    """SOCIALACCOUNT_PROVIDERS. google, github: client id and secret. The URLs: of stand-ins."""
    found: dict[str, Any] = {}
    if google[0]:
        found["google"] = {**_app(google), "SCOPE": ["openid", "profile", "email"]}
        if google_url:
            found["google"] |= {
                "AUTHORIZE_URL": f"{google_url}/o/oauth2/v2/auth",
                "ACCESS_TOKEN_URL": f"{google_url}/token",
                "IDENTITY_URL": f"{google_url}/oauth2/v2/userinfo",
                "ID_TOKEN_ISSUER": google_url,
            }
    if github[0]:
        found["github"] = {**_app(github), "SCOPE": ["read:user", "user:email"]}
        if github_url:
            found["github"]["GITHUB_URL"] = github_url
    return found


def social_origins(providers: dict[str, Any]) -> list[str]:
    """Where the form behind each provider's button leads: browsers check the whole chain."""
    urls = []
    if "google" in providers:
        urls.append(providers["google"].get("AUTHORIZE_URL", GOOGLE))
    if "github" in providers:
        urls.append(providers["github"].get("GITHUB_URL", GITHUB))
    return ["{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in urls]


def _app(client: tuple[str, str]) -> dict[str, Any]:
    return {
        "APPS": [{"client_id": client[0], "secret": client[1], "key": ""}],
        "OAUTH_PKCE_ENABLED": True,
    }


SOCIALACCOUNT_PROVIDERS = social_providers(
    google=(
        env("SOCIAL_GOOGLE_CLIENT_ID", default=""),
        env("SOCIAL_GOOGLE_CLIENT_SECRET", default=""),
    ),
    github=(
        env("SOCIAL_GITHUB_CLIENT_ID", default=""),
        env("SOCIAL_GITHUB_CLIENT_SECRET", default=""),
    ),
)
