from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.entitlements import Entitlement, Kind
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Invitation, Member, Organization

SEATS = "organizations.seats"
ORGANIZATIONS = "organizations.organizations"
DEPTH = "organizations.depth"
PROVISIONING = "organizations.provisioning"


def members_seated() -> QuerySet[Member]:
    return Member.objects.filter(status=MemberStatus.ACTIVE)


def invitations_seated() -> QuerySet[Invitation]:
    """Those that are open, but for who came in another way: they hold one seat, not two."""
    joined = members_seated().annotate(lower=Lower("email")).filter(lower=Lower(OuterRef("email")))
    return Invitation.objects.filter(
        ~Exists(joined),
        accepted_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=timezone.now(),
    )


def _seats(_tenant: Any) -> list[QuerySet[Any]]:
    return [members_seated().values("id"), invitations_seated().values("id")]


ENTITLEMENTS = [
    Entitlement(
        SEATS,
        _("Seats"),
        _("Active members and open invitations."),
        Kind.LIMIT,
        unit=_("seats"),
        rows=_seats,
        order=10,
    ),
    Entitlement(
        ORGANIZATIONS,
        _("Organizations"),
        _("Divisions, branches and teams, the workspace itself and the archived ones counted."),
        Kind.LIMIT,
        unit=_("organizations"),
        rows=lambda _tenant: [Organization.objects.values("id")],
        order=20,
    ),
    Entitlement(
        DEPTH,
        _("Levels of organizations"),
        _("How deep organizations can be nested, the workspace itself counted."),
        Kind.LIMIT,
        unit=_("levels"),
        rows=lambda _tenant: [Organization.objects.values("depth").distinct()],
        order=25,
    ),
    Entitlement(
        PROVISIONING,
        _("Provisioning by SCIM"),
        _("The company's identity provider keeps people and groups."),
        Kind.BOOLEAN,
        default=True,
        order=65,
    ),
]
