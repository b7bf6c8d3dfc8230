"""Signing keys in the console."""

from django.test import Client

from apps.accounts import keys
from apps.accounts.models import SigningKey
from tests.console.conftest import messages_of

LIST = "/console/accounts/signingkey/"


def test_rotate_and_revoke(console: Client) -> None:
    keys.forget()
    first = SigningKey.objects.get(kid=keys.key_set().kid)
    page = f"{LIST}{first.pk}/"
    assert f'href="{page}"' in console.get(LIST).content.decode()
    assert "nobody is signed out" in console.get(f"{page}rotate/").content.decode()
    console.post(f"{page}rotate/")
    following = SigningKey.objects.exclude(pk=first.pk).get()
    assert following.state == "next"
    assert "is not possible" in messages_of(console.post(f"{page}rotate/"))[-1]
    html = console.get(page).content.decode()
    assert '"kty": "RSA"' in html.replace("&quot;", '"')
    assert "PRIVATE" not in html
    refused = console.post(f"{page}revoke/", {"reason": ""})
    assert refused.status_code == 200
    first.refresh_from_db()
    assert first.revoked_at is None
    console.post(f"{page}revoke/", {"reason": "It was in a backup"})
    first.refresh_from_db()
    following.refresh_from_db()
    assert (first.state, following.state) == ("revoked", "signing")
