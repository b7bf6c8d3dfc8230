"""What an identity provider says of a user, and what of it can be."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from apps.accounts.validators import validate_printable
from apps.common.errors import InvalidInput

NAME_LENGTH = 150
EXTERNAL_ID_LENGTH = 255


@dataclass(frozen=True, slots=True)
class DirectoryUserData:
    """What the provider says of a user. display_name: "" for what the other names make."""

    user_name: str
    external_id: str | None
    display_name: str
    given_name: str
    family_name: str
    is_active: bool


def data_validate(data: DirectoryUserData) -> DirectoryUserData:
    """With trimmed names, and a display name in any case. Raises InvalidInput."""
    user_name = data.user_name.strip().lower()
    try:
        validate_email(user_name)
        validate_printable(user_name)
    except ValidationError as error:
        raise InvalidInput.field(
            "userName", _("userName has to be the e-mail address."), "invalid"
        ) from error
    if len(user_name) > 254:
        raise InvalidInput.field("userName", _("Use at most 254 characters."), "max_length")
    given, family = (
        _name("name.givenName", data.given_name),
        _name("name.familyName", data.family_name),
    )
    display = _name("displayName", data.display_name) or f"{given} {family}".strip()
    external_id = data.external_id or None
    if external_id and (len(external_id) > EXTERNAL_ID_LENGTH or not external_id.isprintable()):
        raise InvalidInput.field(
            "externalId", _("Use at most 255 printable characters."), "max_length"
        )
    return DirectoryUserData(
        user_name=user_name,
        external_id=external_id,
        display_name=display[:NAME_LENGTH] or user_name.partition("@")[0],
        given_name=given,
        family_name=family,
        is_active=data.is_active,
    )


def _name(attr: str, value: str) -> str:
    value = " ".join(value.split())
    if len(value) > NAME_LENGTH or not value.isprintable():
        raise InvalidInput.field(attr, _("Use at most 150 printable characters."), "max_length")
    return value
