"""The console's admin site: a registry of its own, for platform staff, on the public host only."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from csp.decorators import csp_replace, csp_update
from django.conf import settings
from django.contrib.auth import logout as auth_logout
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from unfold.sites import UnfoldAdminSite

from apps.accounts.methods import has_second_factor
from apps.accounts.proof import session_proof
from apps.common.security_headers import WITHOUT_TRUSTED_TYPES
from apps.console import dashboard, search
from apps.console.features import features_view
from apps.console.flags import flag_decide_view, flag_tenant_view, flag_view, flags_view
from apps.console.markup import accessible
from apps.console.onboarding import funnel_view
from apps.console.providers import providers_view, reset_view
from apps.console.revenue import revenue_view
from apps.console.roles import permissions_view
from apps.console.streams import replay_view, streams_view

View = Callable[..., HttpResponseBase]

# What unfold cannot work without; docs/console.md says why. Added to the platform's policy.
CSP = {
    "script-src": ["'unsafe-eval'"],
    "style-src-attr": ["'unsafe-inline'"],
}
# Django's admin has these; here people sign in and change passwords on the platform's own pages.
UNUSED_URLS = {"password_change", "password_change_done", "autocomplete", "view_on_site"}


def _made_accessible(response: HttpResponseBase) -> HttpResponseBase:
    def change(rendered: HttpResponse) -> None:
        rendered.content = accessible(rendered.content.decode()).encode()

    if isinstance(response, TemplateResponse):
        response.add_post_render_callback(change)
    return response


class ConsoleSite(UnfoldAdminSite):
    """Named `admin`, because the templates of Django and unfold reverse `admin:...`.

    Signed-out visitors are sent to the platform's sign-in page, so that there is one form and one
    set of lockouts. Signed-in people who are not staff get 404: the console is not advertised.
    STAFF_REQUIRE_MFA lets only those in who signed in with a second factor.
    """

    index_template = "console/dashboard.html"
    index_title = "Overview"
    enable_nav_sidebar = True

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        relaxed = csp_update(CSP)(super().admin_view(view, cacheable))
        inner = csp_replace(WITHOUT_TRUSTED_TYPES)(relaxed)

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            # Who signs in to go on must not be signed out by going on.
            going_out = view == self.logout
            following = self._index() if going_out else request.get_full_path()
            refused = self._refuse(request, following)
            return refused or _made_accessible(inner(request, *args, **kwargs))

        return guarded

    def _refuse(self, request: HttpRequest, following: str) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return redirect_to_login(following)
        if not self.has_permission(request):
            raise Http404
        if settings.STAFF_REQUIRE_MFA and not has_second_factor(session_proof(request).methods):
            return redirect(f"{reverse('second_factor_required')}?{urlencode({'next': following})}")
        return None

    def _index(self) -> str:
        return reverse(f"{self.name}:index")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        kept = [url for url in super().get_urls() if getattr(url, "name", None) not in UNUSED_URLS]
        registry = self.admin_view(self.permissions)
        return [
            path("permissions/", registry, name="permissions"),
            path("providers/", self.admin_view(self.providers), name="providers"),
            path("providers/reset/", self.admin_view(self.reset), name="providers_reset"),
            path("onboarding/", self.admin_view(self.onboarding), name="onboarding"),
            path("features/", self.admin_view(self.features), name="features"),
            path("flags/", self.admin_view(self.flags), name="flags"),
            path("flags/<str:code>/", self.admin_view(self.flag), name="flag"),
            path("flags/<str:code>/decide/", self.admin_view(self.flag_decide), name="flag_decide"),
            path("flags/<str:code>/tenant/", self.admin_view(self.flag_tenant), name="flag_tenant"),
            path("revenue/", self.admin_view(self.revenue), name="revenue"),
            path("streams/", self.admin_view(self.streams), name="streams"),
            path("streams/replay/", self.admin_view(self.replay), name="streams_replay"),
            *kept,
        ]

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is no second sign-in form: go to the platform's, and come back to the overview."""
        return self._refuse(request, self._index()) or redirect(self._index())

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        auth_logout(request)
        return redirect(settings.LOGIN_URL)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Without unfold's inline style element: console.css has the colours, as the CSP wants."""
        return {**super().each_context(request), "colors": None}

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        return super().index(request, {**(extra_context or {}), "figures": dashboard.figures()})

    def permissions(self, request: HttpRequest) -> HttpResponse:
        """What apps declare; it is no model's page."""
        request.current_app = self.name
        return permissions_view(request, self.each_context(request))

    def onboarding(self, request: HttpRequest) -> HttpResponse:
        request.current_app = self.name
        return funnel_view(request, self.each_context(request))

    def features(self, request: HttpRequest) -> HttpResponse:
        request.current_app = self.name
        return features_view(request, self.each_context(request))

    def flags(self, request: HttpRequest) -> HttpResponse:
        request.current_app = self.name
        return flags_view(request, self.each_context(request))

    def flag(self, request: HttpRequest, code: str) -> HttpResponse:
        request.current_app = self.name
        return flag_view(request, self.each_context(request), code)

    def flag_decide(self, request: HttpRequest, code: str) -> HttpResponse:
        request.current_app = self.name
        return flag_decide_view(request, self.each_context(request), code)

    def flag_tenant(self, request: HttpRequest, code: str) -> HttpResponse:
        request.current_app = self.name
        return flag_tenant_view(request, self.each_context(request), code)

    def revenue(self, request: HttpRequest) -> HttpResponse:
        request.current_app = self.name
        return revenue_view(request, self.each_context(request))

    def providers(self, request: HttpRequest) -> HttpResponse:
        request.current_app = self.name
        return providers_view(request, self.each_context(request))

    def reset(self, request: HttpRequest) -> HttpResponse:
        request.current_app = self.name
        return reset_view(request, self.each_context(request))

    def streams(self, request: HttpRequest) -> HttpResponse:
        request.current_app = self.name
        return streams_view(request, self.each_context(request))

    def replay(self, request: HttpRequest) -> HttpResponse:
        request.current_app = self.name
        return replay_view(request, self.each_context(request))

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The palette (Ctrl-K): tenants, people and pages. Two statements.

        Replaces unfold's, which keeps results in the default cache: that one belongs to a tenant.
        """
        results = search.results(request.GET.get("s", ""))
        pages = Paginator(results, max(len(results), 1))
        return TemplateResponse(
            request,
            "unfold/helpers/command_results.html",
            {
                "page_obj": pages,
                "results": pages.page(1),
                "page_counter": 0,
                "execution_time": 0.0,
                "search_term": request.GET.get("s", ""),
                "command_show_history": False,
            },
            headers={"HX-Trigger": "search"},
        )


site = ConsoleSite(name="admin")
