"""What every page's frame shows: who, where, and the pages that are open to them. No query but in copies."""

import hashlib
import time
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property

from apps.accounts.impersonation import Impersonation, current_impersonation
from apps.accounts.sessions import key_hash
from apps.adoption.surveys import Question
from apps.common.access import paths_allowed
from apps.common.actors import Actor
from apps.common.cookies import shared_cookie
from apps.common.navigation import navigation
from apps.common.urls import public_url
from apps.notifications.unread import unread_count
from apps.portal.app_icons import icon_url
from apps.portal.setup import WayBack, way_back
from apps.portal.surveys import question_on
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id

THEMES = ("light", "dark")
CLOCK_SKEW_S = 2.0


@dataclass(frozen=True, slots=True)
class NavLink:
    label: str
    icon: str
    url: str
    current: bool


def theme_cookie() -> str:
    return shared_cookie("theme")


def theme_of(request: HttpRequest) -> str:
    """The theme that this browser chose; empty: as its system has it."""
    theme = request.COOKIES.get(theme_cookie(), "")
    return theme if theme in THEMES else ""


class Shell:
    """Addresses are absolute where the page that shows them may be on another host."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.tenant: Tenant | None = getattr(request, "tenant", None)
        self.actor: Actor | None = getattr(request, "actor", None)
        self.profile_url = public_url("/profile/")
        self.sessions_url = public_url("/account/sessions/")
        self.security_url = public_url("/account/security/")
        self.workspaces_url = public_url("/workspaces/")
        self.workspace_new_url = public_url("/workspaces/new/")
        self.console_url = public_url("/console/")

    @cached_property
    def sandbox_label(self) -> str:
        """What a masked copy is a copy of; empty for other workspaces. One statement, for copies only."""
        if self.tenant is None or self.tenant.cloned_from_id is None:
            return ""
        source = tenant_by_id(self.tenant.cloned_from_id)
        return f"Sandbox copy of {source.slug}" if source else "Sandbox copy"

    @cached_property
    def impersonation(self) -> Impersonation | None:
        """Who of the staff acts for the person, if it is not themselves."""
        return current_impersonation(self._request.session) if self.actor else None

    @cached_property
    def unread(self) -> int:
        """How many notifications the person has not read: 100 stands for more. No statement when warm."""
        member_id = self.actor.member_id if self.actor else None
        return unread_count(member_id) if member_id else 0

    @property
    def live_since(self) -> str:
        """The place among live updates from which on the page knows nothing, as the id of a message.

        By the clock of this machine, and a little before, for Redis' differs. What comes twice does no harm.
        """
        return f"{int((time.time() - CLOCK_SKEW_S) * 1000)}-0"

    @property
    def sign_in_mark(self) -> str:
        """Another one after signing in again: by it a browser knows. It says nothing about the session."""
        key = self._request.session.session_key or ""
        return hashlib.sha256(f"mark:{key_hash(key)}".encode()).hexdigest()[:16]

    @property
    def app_icon_url(self) -> str:
        """For home screens, with corners of their own."""
        return icon_url(self.tenant, "maskable", 180) if self.tenant else ""

    @cached_property
    def setup(self) -> WayBack | None:
        """Back to the setup, on a page that one of its steps led to."""
        return way_back(self._request)

    @cached_property
    def survey(self) -> Question | None:
        """What the member is asked on this page, which from now on counts as shown."""
        if self.actor is None or self.tenant is None or self._request.method != "GET":
            return None
        return question_on(self._request, self.actor)

    @property
    def sign_out_name(self) -> str:
        on_tenant = getattr(self._request, "urlconf", None) == settings.TENANT_URLCONF
        return "sign_out" if on_tenant else "account_logout"

    @property
    def nav(self) -> list[NavLink]:
        """The sidebar: declared pages whose permission the actor holds somewhere."""
        if self.actor is None:
            return []
        links = []
        for item in navigation():
            if item.permission and paths_allowed(self.actor, item.permission) == []:
                continue
            url = reverse(item.url_name)
            here = self._request.path
            current = here == url if url == "/" else here.startswith(url)
            links.append(NavLink(str(item.label), item.icon, url, current))
        return links
