"""The words of notifications, for who manages them."""

from collections.abc import Mapping
from dataclasses import dataclass

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.common.notifying import NotificationType, notification_type, notification_types
from apps.notifications.content import Words
from apps.notifications.models import TemplateOverride
from apps.notifications.own_words import LANGUAGES, Standard
from apps.notifications.permissions import MANAGE_NOTIFICATIONS
from apps.notifications.templating import variables


@dataclass(frozen=True, slots=True)
class Template:
    """One type in one language. own: None where the platform's words hold."""

    kind: NotificationType
    language: str
    own: TemplateOverride | None

    @property
    def words(self) -> Words:
        return Words.of(self.own)

    @property
    def standard(self) -> Standard:
        return Standard.of(self.kind, self.language)

    @property
    def variables(self) -> list[str]:
        return variables(self.kind)


def templates_for(actor: Actor) -> list[Template]:
    """Of every type in every language, the types by their codes. One statement. Raises PermissionDenied."""
    authorize(actor, MANAGE_NOTIFICATIONS)
    own: Mapping[tuple[str, str], TemplateOverride] = {
        (row.kind, row.language): row for row in TemplateOverride.objects.all()
    }
    return [
        Template(kind, language, own.get((code, language)))
        for code, kind in notification_types().items()
        for language in LANGUAGES
    ]


def template_for(actor: Actor, code: str, language: str) -> Template:
    """One statement. Raises PermissionDenied, NotFound for a type or a language that there is not."""
    authorize(actor, MANAGE_NOTIFICATIONS)
    kind = notification_type(code)
    if kind is None or language not in LANGUAGES:
        raise NotFound
    own = TemplateOverride.objects.filter(kind=code, language=language).first()
    return Template(kind, language, own)
