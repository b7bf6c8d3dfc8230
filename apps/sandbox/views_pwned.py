"""A stand-in for the range API of Pwned Passwords: its breaches are Django's list of common passwords.

https://haveibeenpwned.com/API/v3#SearchingPwnedPasswordsByRange
"""

import hashlib
import re
import secrets
from collections import defaultdict
from functools import cache

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

PREFIX = re.compile(r"[0-9A-Fa-f]{5}")
# Long enough for the other rules, so that people can see this one refuse.
FAMOUS = (
    "correct horse battery staple",
    "correcthorsebatterystaple",
    "password123456",
    "qwertyuiop123",
    "iloveyou1234",
    "letmein12345",
)
PADDED_TO = (800, 1000)


@cache
def _breached() -> dict[str, list[str]]:
    """Suffixes by prefix."""
    found = defaultdict(list)
    for password in (*CommonPasswordValidator().passwords, *FAMOUS):
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        found[digest[:5]].append(digest[5:])
    return dict(found)


@require_safe
def pwned_range(request: HttpRequest, prefix: str) -> HttpResponse:
    """`SUFFIX:COUNT` a line; with `Add-Padding: true`, up to 800 to 1,000 lines by ones with the count 0."""
    if not PREFIX.fullmatch(prefix):
        return HttpResponse(
            "The hash prefix was not in a valid format", status=400, content_type="text/plain"
        )
    suffixes = _breached().get(prefix.upper(), [])
    lines = [f"{suffix}:{1 + int(suffix[:4], 16)}" for suffix in suffixes]
    if request.headers.get("Add-Padding", "").lower() == "true":
        wanted = PADDED_TO[0] + secrets.randbelow(PADDED_TO[1] - PADDED_TO[0] + 1)
        lines += [f"{secrets.token_hex(18).upper()[:35]}:0" for _ in range(wanted - len(lines))]
    return HttpResponse("\r\n".join(sorted(lines)), content_type="text/plain")
