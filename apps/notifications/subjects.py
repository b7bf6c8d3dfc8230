"""What is chosen about: a type, or a category with all its types."""

from dataclasses import dataclass

from django.utils.functional import Promise

from apps.common.notifying import (
    Channel,
    NotificationType,
    notification_categories,
    notification_type,
    notification_types,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """kinds: the type, or those of the category."""

    code: str
    label: str | Promise
    kinds: tuple[NotificationType, ...]
    help_text: str | Promise = ""

    @property
    def codes(self) -> list[str]:
        return [one.code for one in self.kinds]

    @property
    def channels(self) -> set[Channel]:
        """By which any of it can go."""
        return {channel for kind in self.kinds for channel in kind.possible}


def category_subjects() -> list[Subject]:
    """Every category that has types, in their order."""
    kinds = notification_types().values()
    found = [
        Subject(
            one.code,
            one.label,
            tuple(kind for kind in kinds if kind.category == one.code),
            one.help_text,
        )
        for one in notification_categories()
    ]
    return [one for one in found if one.kinds]


def subject_of(code: str) -> Subject | None:
    """By the code of a type (it has a dot), or of a category. None: there is none."""
    kind = notification_type(code)
    if kind is not None:
        return Subject(kind.code, kind.label, (kind,))
    return next((one for one in category_subjects() if one.code == code), None)
