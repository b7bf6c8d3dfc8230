"""Phone numbers by Google's metadata (the package phonenumbers), which knows what costs the caller more.

`phonenumberslite` is the same package without its maps of cities and carriers.
"""

import hashlib

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from apps.common.errors import InvalidInput

# In North America a number does not say whether it is a mobile one's.
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def number_parse(text: str) -> str:
    """After E.164 (+4915112345678). Raises InvalidInput on `number`."""
    try:
        number = phonenumbers.parse(text.strip()[:40], None)
    except NumberParseException as error:
        raise InvalidInput.field(
            "number", _("Write it with + and the country's code, as +49 151 12345678."), "invalid"
        ) from error
    if not phonenumbers.is_valid_number(number):
        raise InvalidInput.field("number", _("There is no such number."), "invalid")
    if phonenumbers.number_type(number) not in MOBILE:
        raise InvalidInput.field(
            "number", _("Text messages go to mobile numbers only."), "not_mobile"
        )
    countries = settings.NOTIFICATIONS_SMS_COUNTRIES
    if countries and phonenumbers.region_code_for_number(number) not in countries:
        raise InvalidInput.field(
            "number", _("No text messages are sent to this country."), "country_not_served"
        )
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def number_digest(number: str) -> str:
    """A key for counters, from which nobody reads the number."""
    return hashlib.sha256(f"{settings.SECRET_KEY}:{number}".encode()).hexdigest()[:32]
