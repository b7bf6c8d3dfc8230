"""Settings of organizations: apps declare them, organizations have values of their own or inherit.

A value holds at its organization and in all that lies below, up to the next that has one of its own.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput

SettingValue = str | int


class SettingKind(StrEnum):
    INTEGER = "integer"
    CHOICE = "choice"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Setting:
    """code: `app.noun`. default: what holds where no organization says anything, asked each time.

    choices: values with labels, for CHOICE. minimum, maximum: for INTEGER; maximum is the length for TEXT.
    clean: of a text, raises InvalidInput on `value`.
    """

    code: str
    label: str | Promise
    help: str | Promise
    kind: SettingKind
    default: Callable[[], SettingValue]
    choices: tuple[tuple[str, str | Promise], ...] = ()
    minimum: int = 0
    maximum: int = 500
    clean: Callable[[str], str] | None = None

    def check(self, value: object) -> SettingValue:
        """The value as it is stored. Raises InvalidInput on `value`."""
        if self.kind is SettingKind.INTEGER:
            if not isinstance(value, int) or isinstance(value, bool):
                raise _wrong(_("Enter a whole number."))
            if not self.minimum <= value <= self.maximum:
                raise _wrong(
                    _("Enter a number from %(low)d to %(high)d.")
                    % {"low": self.minimum, "high": self.maximum}
                )
            return value
        if not isinstance(value, str):
            raise _wrong(_("Enter a text."))
        if self.kind is SettingKind.CHOICE:
            if value not in dict(self.choices):
                raise _wrong(
                    _("Choose one of: %s.") % ", ".join(code for code, _label in self.choices)
                )
            return value
        text = " ".join(value.split())
        if len(text) > self.maximum or not text.isprintable():
            raise _wrong(_("Use at most %d printable characters.") % self.maximum)
        return self.clean(text) if self.clean else text

    def shown(self, value: SettingValue) -> str | Promise:
        """A value for people."""
        return dict(self.choices).get(str(value), str(value)) if self.choices else str(value)


_settings: dict[str, Setting] = {}


def register_settings(settings: Iterable[Setting]) -> None:
    """Declare an app's settings, from its AppConfig.ready(). A code belongs to one declaration."""
    for setting in settings:
        known = _settings.get(setting.code)
        if known is not None and known != setting:
            raise ImproperlyConfigured(f"setting {setting.code} is declared twice")
        if bool(setting.choices) != (setting.kind is SettingKind.CHOICE):
            raise ImproperlyConfigured(f"setting {setting.code} and its choices do not fit")
        _settings[setting.code] = setting


def organization_settings() -> dict[str, Setting]:
    """Every declared setting by its code, in the order of the codes."""
    return dict(sorted(_settings.items()))


def _wrong(message: str | Promise) -> InvalidInput:
    return InvalidInput.field("value", message)
