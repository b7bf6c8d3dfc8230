"""The settings that this app declares, all about who comes into an organization."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import DomainNameValidator
from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput
from apps.organizations.setting_registry import Setting, SettingKind

INVITATION_DAYS = "organizations.invitation_days"
INVITATION_DOMAINS = "organizations.invitation_domains"
WHO_INVITES = "organizations.who_invites"

ALLOWED, OWNERS, NOBODY = "allowed", "owners", "nobody"
DAY_S = 86_400


def _domains(text: str) -> str:
    """Names of domains in lower case, with a comma and a space between them."""
    names = dict.fromkeys(text.lower().replace(",", " ").split())
    valid = DomainNameValidator()
    for name in names:
        try:
            valid(name)
        except ValidationError as error:
            raise InvalidInput.field(
                "value", _("“%s” is no domain: write acme.com, for example.") % name[:80]
            ) from error
    return ", ".join(names)


SETTINGS = [
    Setting(
        INVITATION_DAYS,
        _("Invitations are good for"),
        _("Days, from 1 to 90, from when an invitation is sent."),
        SettingKind.INTEGER,
        # Rounded up for people; invitations under the default last to the second.
        default=lambda: -(-settings.INVITATION_LIFETIME_S // DAY_S),
        minimum=1,
        maximum=90,
    ),
    Setting(
        INVITATION_DOMAINS,
        _("Only addresses within"),
        _("Domains, with commas between them. Nobody with another address is invited. Empty: any."),
        SettingKind.TEXT,
        default=str,
        maximum=1000,
        clean=_domains,
    ),
    Setting(
        WHO_INVITES,
        _("Who invites people"),
        _("To this organization. What was sent before stays good."),
        SettingKind.CHOICE,
        default=lambda: ALLOWED,
        choices=(
            (ALLOWED, _("Everybody whose roles allow it")),
            (OWNERS, _("Only owners of the workspace")),
            (NOBODY, _("Nobody")),
        ),
    ),
]
