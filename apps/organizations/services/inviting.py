"""What the settings of an organization say about inviting people to it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.errors import Conflict
from apps.common.rate_limits import DAY_S, Limit
from apps.common.tenancy import require_tenant
from apps.organizations.models import Organization
from apps.organizations.organization_settings import (
    ALLOWED,
    INVITATION_DAYS,
    INVITATION_DOMAINS,
    NOBODY,
    WHO_INVITES,
)
from apps.organizations.selectors_settings import SettingsOf
from apps.organizations.services.bindings import holds_owner

# One and the same invitation, to somebody who may not want it.
AGAIN = Limit("organizations.invitation_again", at_most=5, window_s=DAY_S)


def invitations_count(actor: Actor, count: int = 1) -> None:
    """Mails to people who have not asked for any, by the workspace and day. Raises RateLimited."""
    if actor.is_platform or not count:
        return
    a_day = Limit("organizations.invitations", settings.INVITATIONS_PER_DAY, DAY_S)
    a_day.require(
        str(require_tenant().id),
        count,
        _("This workspace has invited as many people as it may in a day. Go on later."),
    )


class InvitingRules:
    """Of all the tenant's organizations. One statement, when it is made."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._settings = SettingsOf([INVITATION_DAYS, INVITATION_DOMAINS, WHO_INVITES])

    def problem(self, organization: Organization, email: str) -> tuple[str, str | Promise] | None:
        """Why the address cannot be invited there, as a code and for people; None: it can."""
        if organization.is_archived:
            return "organization_archived", _("%s is archived.") % organization.name
        who = self._settings.value(WHO_INVITES, organization)
        if who == NOBODY:
            return "invitations_closed", _("Nobody is invited to %s now: a setting says so.") % (
                organization.name
            )
        if who != ALLOWED and not holds_owner(self._actor):
            return "invitations_by_owners", _("Only owners invite people to %s.") % (
                organization.name
            )
        domains = str(self._settings.value(INVITATION_DOMAINS, organization))
        if domains and email.rpartition("@")[2].lower() not in domains.split(", "):
            return "domain_not_allowed", _(
                "Only addresses within %(domains)s are invited to %(to)s."
            ) % {
                "domains": domains,
                "to": organization.name,
            }
        return None

    def require(self, organization: Organization, email: str) -> None:
        """Raises Conflict."""
        if problem := self.problem(organization, email):
            code, detail = problem
            raise Conflict(detail, code=code)

    def expiry(self, organization: Organization) -> datetime:
        """Of a link that is sent now."""
        days = self._settings.own(INVITATION_DAYS, organization)
        if days is None:
            return timezone.now() + timedelta(seconds=settings.INVITATION_LIFETIME_S)
        return timezone.now() + timedelta(days=int(days))
