"""Providers' public keys: cached for an hour, fetched again for an unknown key at most once a minute."""

import hashlib
import threading
import time
from dataclasses import dataclass
from typing import Any

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core.cache import caches

from apps.accounts.errors import ProviderUnavailable
from apps.accounts.oidc.config import Provider
from apps.accounts.oidc.discovery import fetch_json

log = structlog.get_logger(__name__)

# How long keys are taken as they are; how long they are used where the provider gives no new ones.
FRESH_S, KEPT_S = 3600, 24 * 3600
# Between two fetches for keys that are not there, and after a failed one; for all processes together.
REFETCH_S, RETRY_S = 60, 15
# How long a process looks into its memory alone.
MEMORY_S = 30
MAX_KEYS, MIN_RSA_BITS = 50, 2048
KEY_TYPES = {"RS256": "RSA", "ES256": "EC"}


@dataclass(frozen=True, slots=True)
class _Keys:
    """by_kid: parsed. uri: whose they are: another address makes them void."""

    uri: str
    by_kid: dict[tuple[str, str], Any]
    fetched_at_s: float
    read_at_s: float


_lock = threading.Lock()
_memory: dict[Any, _Keys] = {}


def signing_key(provider: Provider, kid: str, algorithm: str) -> Any | None:
    """The key to verify with; kid "": the only one for the algorithm. None: there is none.

    Raises ProviderUnavailable. Warm: neither Redis nor network.
    """
    keys = _current(provider)
    found = _pick(keys, kid, algorithm)
    if found is None and caches["global"].add(f"{_name(provider)}:refetch", 1, REFETCH_S):
        found = _pick(_fetch(provider), kid, algorithm)
    elif found is None:
        # Another process may have fetched meanwhile.
        stored = _read(provider)
        found = _pick(stored, kid, algorithm) if stored else None
    return found


def forget() -> None:
    """Drop what is in this process's memory."""
    with _lock:
        _memory.clear()


def _current(provider: Provider) -> _Keys:
    now = time.time()
    with _lock:
        known = _memory.get(provider.id)
    if known is not None and known.uri == provider.jwks_uri and now - known.read_at_s < MEMORY_S:
        return known
    stored = _read(provider)
    if stored is not None and now - stored.fetched_at_s < FRESH_S:
        return stored
    try:
        return _fetch(provider)
    except ProviderUnavailable:
        if stored is None:
            raise
        return stored


def _fetch(provider: Provider) -> _Keys:
    """Raises ProviderUnavailable, also at once where it just failed: nobody waits for it in a row."""
    cache = caches["global"]
    if cache.get(f"{_name(provider)}:failed"):
        raise ProviderUnavailable
    try:
        document = fetch_json("GET", provider.jwks_uri, is_trusted=provider.is_trusted)
    except ProviderUnavailable:
        cache.set(f"{_name(provider)}:failed", 1, RETRY_S)
        raise
    listed = document.get("keys")
    if not isinstance(listed, list):
        cache.set(f"{_name(provider)}:failed", 1, RETRY_S)
        raise ProviderUnavailable("The provider’s key set has no keys.")
    entry = {"uri": provider.jwks_uri, "keys": listed[:MAX_KEYS], "fetched_at_s": time.time()}
    cache.set(_name(provider), entry, KEPT_S)
    return _remember(provider, entry)


def _read(provider: Provider) -> _Keys | None:
    entry = caches["global"].get(_name(provider))
    if entry is None or entry["uri"] != provider.jwks_uri:
        return None
    return _remember(provider, entry)


def _remember(provider: Provider, entry: dict[str, Any]) -> _Keys:
    with _lock:
        known = _memory.get(provider.id)
        if known and (known.uri, known.fetched_at_s) == (entry["uri"], entry["fetched_at_s"]):
            parsed = known.by_kid
        else:
            parsed = dict(filter(None, map(_parse, entry["keys"])))
        made = _Keys(entry["uri"], parsed, entry["fetched_at_s"], time.time())
        _memory[provider.id] = made
    return made


def _parse(jwk: Any) -> tuple[tuple[str, str], Any] | None:
    """((algorithm, kid), key) for a key that can verify; None for any other."""
    if not isinstance(jwk, dict) or jwk.get("use") not in (None, "sig"):
        return None
    algorithm = next((a for a, kind in KEY_TYPES.items() if jwk.get("kty") == kind), None)
    if algorithm is None or jwk.get("alg") not in (None, algorithm):
        return None
    kid = jwk.get("kid", "")
    try:
        key = jwt.PyJWK(jwk, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        log.warning("accounts.provider_key_unusable", error=type(error).__name__)
        return None
    is_good = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    )
    return ((algorithm, kid), key) if is_good and isinstance(kid, str) else None


def _pick(keys: _Keys, kid: str, algorithm: str) -> Any | None:
    if kid:
        return keys.by_kid.get((algorithm, kid))
    fitting = [key for (one, _kid), key in keys.by_kid.items() if one == algorithm]
    return fitting[0] if len(fitting) == 1 else None


def _name(provider: Provider) -> str:
    # By provider, not by address alone: nobody's provider fills the cache of another's.
    digest = hashlib.sha256(provider.jwks_uri.encode()).hexdigest()[:16]
    return f"oidc-keys:{provider.id}:{digest}"
