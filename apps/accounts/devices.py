"""What a client says of itself, where it calls from, and its name in words.

Only hints, but for the address: a client can say anything.
"""

from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

MAX_LENGTH = 300

# In this order: a browser names those that it descends from, and a phone the system below.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
UNKNOWN = "A client without a name"


def device_name(user_agent: str) -> str:
    """`Firefox on Linux` for browsers; for others their own first word, `curl/8.5.0`."""
    browser = next((name for sign, name in BROWSERS if sign in user_agent), "")
    if not browser:
        return next(iter(user_agent.split()), UNKNOWN)[:60]
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "")
    return f"{browser} on {system}" if system else browser


def is_handheld(user_agent: str) -> bool:
    return any(sign in user_agent for sign in ("iPhone", "iPad", "Android"))


@dataclass(frozen=True, slots=True)
class Client:
    """ip: behind as many proxies as TRUSTED_PROXY_COUNT says; None where the server knows none."""

    user_agent: str
    ip: str | None


def client_of(request: HttpRequest) -> Client:
    try:
        ip = get_adapter().get_client_ip(request)
    except PermissionDenied:
        ip = None
    # Without the zone of a link-local address, which no column takes.
    address = ip.partition("%")[0] if ip else None
    return Client(request.META.get("HTTP_USER_AGENT", "")[:MAX_LENGTH], address)
