"""What the sandbox's OpenID providers know: people, clients, keys. One document an issuer, in Redis.

No table: the provider is to work in a test's server thread, which sees no transaction of the test.
"""

import secrets
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core.cache import caches

from apps.common.urls import public_url

CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - published, of the sandbox
# Access tokens for it are good at the platform's API.
API_AUDIENCE = "https://api.wrapper.test"
CODE_LIFETIME_S, SESSION_LIFETIME_S, KEEP_S = 120, 24 * 3600, 30 * 24 * 3600


@dataclass(frozen=True)
class Someone:
    """A person whom a provider knows. groups: what a company's provider says; org_code: what Kinde does."""

    sub: str
    email: str
    name: str
    email_verified: bool = True
    org_code: str = ""
    org_name: str = ""
    groups: list[str] = field(default_factory=list)
    permissions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Client:
    client_id: str
    client_secret: str
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    backchannel_logout_uri: str
    audience: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Key:
    """signs: the newest of those signs. published: it is in the key set."""

    kid: str
    alg: str
    pem: str
    signs: bool = True
    published: bool = True


@dataclass(frozen=True)
class Issuer:
    """misbehave: names of `misbehaviour.ALL` that hold for every request."""

    slug: str
    name: str
    people: list[Someone]
    clients: list[Client]
    keys: list[Key]
    misbehave: list[str] = field(default_factory=list)

    def client(self, client_id: str) -> Client | None:
        return next((c for c in self.clients if c.client_id == client_id), None)

    def person(self, sub: str) -> Someone | None:
        return next((p for p in self.people if p.sub == sub), None)

    @property
    def signing_key(self) -> Key:
        return next(key for key in reversed(self.keys) if key.signs)


ACME, GLOBEX = ("org_acme", "Acme Industries"), ("org_globex", "Globex")
PEOPLE = {
    "kinde": (
        "Kinde (sandbox)",
        [
            Someone("kp_alice", "alice@acme.test", "Alice Archer", True, *ACME),
            Someone("kp_bob", "bob@acme.test", "Bob Baker", True, *ACME),
            Someone("kp_charlie", "charlie@globex.test", "Charlie Chen", True, *GLOBEX),
            Someone("kp_nina", "nina@example.com", "Nina New"),
            Someone("kp_uma", "uma@example.com", "Uma Unverified", email_verified=False),
        ],
    ),
    "acme": (
        "Acme ID",
        [
            Someone("a-001", "alice@acme.test", "Alice Archer", groups=["staff", "it"]),
            Someone("a-002", "bob@acme.test", "Bob Baker", groups=["staff"]),
            Someone("a-003", "erin@acme.test", "Erin Engineer", groups=["staff", "engineering"]),
            Someone("a-004", "charlie@globex.test", "Not Charlie", groups=["staff"]),
            Someone("a-005", "uma@acme.test", "Uma Unverified", email_verified=False),
        ],
    ),
    "globex": (
        "Globex Directory",
        [
            Someone("g-1", "charlie@globex.test", "Charlie Chen", groups=["owners"]),
            Someone("g-2", "gina@globex.test", "Gina Green", groups=["staff"]),
            Someone("g-3", "alice@acme.test", "Not Alice", groups=["owners"]),
        ],
    ),
}


def issuers() -> list[Issuer]:
    return [found for slug in PEOPLE if (found := issuer(slug))]


def issuer(slug: str) -> Issuer | None:
    """One of PEOPLE; made when it is first asked for."""
    if slug not in PEOPLE:
        return None
    stored = caches["global"].get(_name("issuer", slug))
    if stored is None:
        made = _new(slug)
        # Two processes at once: one of them is first.
        return (
            made
            if caches["global"].add(_name("issuer", slug), asdict(made), KEEP_S)
            else issuer(slug)
        )
    return Issuer(
        slug=slug,
        name=stored["name"],
        people=[Someone(**one) for one in stored["people"]],
        clients=[Client(**one) for one in stored["clients"]],
        keys=[Key(**one) for one in stored["keys"]],
        misbehave=stored["misbehave"],
    )


def change(slug: str, **values: Any) -> Issuer:
    """Replace fields of an issuer."""
    found = issuer(slug)
    if found is None:
        raise LookupError(slug)
    changed = replace(found, **values)
    caches["global"].set(_name("issuer", slug), asdict(changed), KEEP_S)
    return changed


def rotate(slug: str, *, alg: str = "RS256", keep: bool = True) -> Issuer:
    """Another key signs; the old ones stay published, or go at once."""
    found = issuer(slug)
    if found is None:
        raise LookupError(slug)
    old = [replace(key, signs=False) for key in found.keys] if keep else []
    return change(slug, keys=[*old, _key(slug, alg)])


def put(kind: str, value: dict[str, Any], lifetime_s: int) -> str:
    """Keep something under a name that is made up for it."""
    token = secrets.token_urlsafe(32)
    caches["global"].set(_name(kind, token), value, lifetime_s)
    return token


def get(kind: str, token: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = caches["global"].get(_name(kind, token))
    return found


def store(kind: str, token: str, value: dict[str, Any], lifetime_s: int) -> None:
    caches["global"].set(_name(kind, token), value, lifetime_s)


def _name(kind: str, token: str) -> str:
    return f"sandbox-oidc:{kind}:{token}"


def _new(slug: str) -> Issuer:
    name, people = PEOPLE[slug]
    client = Client(
        client_id=f"wrapper-{slug}",
        client_secret=CLIENT_SECRET,
        redirect_uris=[public_url("/oidc/callback/")],
        post_logout_redirect_uris=[public_url("/oidc/signed-out/")],
        backchannel_logout_uri=public_url("/oidc/backchannel-logout/"),
        audience=[API_AUDIENCE] if slug == "kinde" else [],
    )
    return Issuer(slug, name, list(people), [client], [_key(slug, "RS256")])


def _key(slug: str, alg: str) -> Key:
    number = int(caches["global"].get(_name("keys", slug), 0))
    caches["global"].set(_name("keys", slug), number + 1, KEEP_S)
    return Key(
        f"{slug}-{alg.lower()}-{number}-{secrets.token_hex(4)}", alg, _pem(slug, alg, number)
    )


@lru_cache(maxsize=64)
def _pem(slug: str, alg: str, number: int) -> str:
    """Remembered in this process: tests begin anew often, and RSA keys take long."""
    private_key: Any = (
        ec.generate_private_key(ec.SECP256R1())
        if alg == "ES256"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    pem: bytes = private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode()


@lru_cache(maxsize=64)
def private_key(pem: str) -> Any:
    """Remembered in this process: to read one takes 40 ms, as its primes are tested."""
    return serialization.load_pem_private_key(pem.encode(), password=None)
