"""Checks of single values, for models, forms and serializers."""

import zoneinfo
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@cache
def time_zones() -> frozenset[str]:
    """Names of the IANA time zone database."""
    return frozenset(zoneinfo.available_timezones())


def validate_time_zone(value: str) -> None:
    if value not in time_zones():
        raise ValidationError(
            _("“%(value)s” is not a time zone, such as Europe/Amsterdam."),
            code="unknown_time_zone",
            params={"value": value},
        )


def validate_printable(value: str) -> None:
    """No control characters: they are invisible in a name and can forge lines in mails and logs."""
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise ValidationError(_("Control characters are not allowed."), code="control_characters")
