"""Found before a release, not by who wants to tell of a hole."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.utils import timezone

from apps.portal.views.well_known import security_txt_expires

SOON = timedelta(days=14)
# RFC 9116, section 2.5.5.
LONGEST = timedelta(days=366)


@register(Tags.security, deploy=True)
def security_txt_is_valid(**_kwargs: Any) -> list[CheckMessage]:
    """Of `check --deploy` only: that a date has passed must not stop what runs."""
    hint = "Set SECURITY_TXT_EXPIRES to a time within the next year, such as 2027-06-30T00:00:00Z."
    try:
        expires = security_txt_expires()
    except ValueError as error:
        return [Error(f"SECURITY_TXT_EXPIRES: {error}", id="portal.E001", hint=hint)]
    if expires is None:
        return [CheckWarning("There is no security.txt.", id="portal.W001", hint=hint)]
    now = timezone.now()
    found: list[CheckMessage] = []
    if expires <= now:
        found.append(Error("security.txt has expired.", id="portal.E002", hint=hint))
    elif expires < now + SOON:
        found.append(CheckWarning("security.txt expires soon.", id="portal.W002", hint=hint))
    elif expires > now + LONGEST:
        found.append(
            CheckWarning("security.txt is to be good for over a year.", id="portal.W003", hint=hint)
        )
    schemes = ("https://", "mailto:", "tel:")
    wrong = [one for one in settings.SECURITY_CONTACTS if not one.startswith(schemes)]
    if wrong or not settings.SECURITY_CONTACTS:
        found.append(
            Error(
                "SECURITY_CONTACTS needs addresses that begin with mailto:, https:// or tel:.",
                id="portal.E003",
            )
        )
    return found
