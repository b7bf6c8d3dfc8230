"""A workspace as an app: its manifest and icons, its service worker, and the page that is shown offline.

They say of a workspace what its sign-in page says, its name, and are the same for everybody: browsers fetch
them without asking who is there. No statement.
"""

import hashlib
import json
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from apps.portal.app_icons import KINDS, SIZES, icon_png, icon_url, letter_of
from apps.portal.http import WorkspaceRequest
from apps.tenants.models import Tenant

# --surface of tokens.css, which manifests cannot name.
LIGHT, DARK = "#fafafc", "#0e1013"
SHORT_NAME_CHARS = 12
ICON_AGE_S = 30 * 24 * 3600
# What an installed app offers besides opening it.
SHORTCUTS = (("Inbox", "notifications"), ("Members", "members"), ("Credits", "credits"))


@require_safe
@cache_control(no_cache=True)
def manifest(request: WorkspaceRequest) -> HttpResponse:
    """W3C Web Application Manifest."""
    tenant = request.tenant
    told = {
        "id": "/",
        "name": tenant.name,
        "short_name": _short(tenant.name),
        "description": f"The workspace of {tenant.name}.",
        "lang": get_language(),
        "dir": "auto",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": LIGHT,
        "theme_color": LIGHT,
        "icons": [_icon(tenant, kind, size) for kind in ("any", "maskable") for size in (192, 512)],
        "shortcuts": [
            {"name": name, "url": reverse(url), "icons": [_icon(tenant, "any", 96)]}
            for name, url in SHORTCUTS
        ],
    }
    return JsonResponse(told, content_type="application/manifest+json")


@require_safe
@cache_control(public=True, max_age=ICON_AGE_S)
def icon(request: WorkspaceRequest, kind: str, size: int) -> HttpResponse:
    """A PNG. Its address changes with what it shows."""
    if kind not in KINDS or size not in SIZES:
        raise Http404
    png = icon_png(letter_of(request.tenant.name), kind, size)
    return HttpResponse(png, content_type="image/png")


@require_safe
@cache_control(no_cache=True)
def service_worker(request: WorkspaceRequest) -> HttpResponse:
    """Another one, by a byte, as soon as anything that it keeps is another: browsers compare it."""
    tenant = request.tenant
    config: dict[str, Any] = {
        "name": tenant.name,
        "offline": reverse("offline"),
        "files": [
            static("build/app.css"),
            static("js/offline.js"),
            static("img/favicon.svg"),
        ],
        "icon": icon_url(tenant, "any", 192),
        "badge": icon_url(tenant, "badge", 96),
        "devices": "/api/v1/push-devices/",
        "page": reverse("push-devices"),
    }
    source = render_to_string("portal/pwa/service-worker.js", {"config": json.dumps(config)})
    version = hashlib.sha256(source.encode()).hexdigest()[:16]
    return HttpResponse(
        f'const VERSION = "{version}";\n{source}', content_type="text/javascript; charset=utf-8"
    )


@require_safe
@cache_control(no_cache=True)
def offline(request: WorkspaceRequest) -> HttpResponse:
    """Kept by the service worker, and shown by it in place of any page."""
    return render(request, "portal/pwa/offline.html", {"tenant": request.tenant})


def _icon(tenant: Tenant, kind: str, size: int) -> dict[str, str]:
    return {
        "src": icon_url(tenant, kind, size),
        "sizes": f"{size}x{size}",
        "type": "image/png",
        "purpose": kind,
    }


def _short(name: str) -> str:
    """What fits below an icon: whole words, if one does."""
    if len(name) <= SHORT_NAME_CHARS:
        return name
    words, short = name.split(), ""
    while words and len(f"{short} {words[0]}".strip()) <= SHORT_NAME_CHARS:
        short = f"{short} {words.pop(0)}".strip()
    return short or name[:SHORT_NAME_CHARS]
