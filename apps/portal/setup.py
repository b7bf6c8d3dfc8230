"""The way back to the setup, from whatever page one of its steps led to: remembered by the browser."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from apps.common.cookies import host_cookie
from apps.common.urls import host_url, slug_host
from apps.onboarding.declarations import step_by_key
from apps.tenants.slugs import SLUG

SETUP_S = 30 * 60


def setup_cookie() -> str:
    """Of the cookie that holds `slug|workflow.step`, for SETUP_S."""
    return host_cookie("setup")


@dataclass(frozen=True, slots=True)
class WayBack:
    """url: of the setup; absolute on the public site. title: of the step that one is at."""

    url: str
    title: str


def way_back(request: HttpRequest) -> WayBack | None:
    """None where no step led here lately, and on the setup itself."""
    slug, _bar, key = request.COOKIES.get(setup_cookie(), "").partition("|")
    found = step_by_key(key)
    if found is None or not SLUG.fullmatch(slug):
        return None
    path = reverse("onboarding", urlconf=settings.TENANT_URLCONF)
    tenant = getattr(request, "tenant", None)
    if tenant is not None:
        here = (path, reverse("dashboard", urlconf=settings.TENANT_URLCONF))
        return None if request.path in here else WayBack(path, str(found[1].title))
    return WayBack(host_url(slug_host(slug), path), str(found[1].title))
