"""Inbox items as people read them."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from apps.common.notifying import (
    NotificationType,
    notification_categories,
    notification_type,
    notification_types,
)
from apps.notifications.content import Content, content_of
from apps.notifications.models import InboxItem, TemplateOverride
from apps.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Line:
    """item with its words. kind: None for a type that this release does not declare any more."""

    item: InboxItem
    kind: NotificationType | None
    content: Content

    @property
    def id(self) -> uuid.UUID:
        return self.item.id

    @property
    def created_at(self) -> datetime:
        return self.item.created_at

    @property
    def is_read(self) -> bool:
        return self.item.read_at is not None

    @property
    def is_archived(self) -> bool:
        return self.item.archived_at is not None

    @property
    def category(self) -> str:
        return self.kind.category if self.kind else ""


def lines_of(items: Iterable[InboxItem], tenant: Tenant, language: str) -> list[Line]:
    """One statement at most: the workspace's own words."""
    items = list(items)
    kinds = {item.notification.kind for item in items}
    rows = TemplateOverride.objects.filter(kind__in=kinds, language=language) if kinds else []
    own = {row.kind: row for row in rows}
    return [_line(item, tenant, language, own.get(item.notification.kind)) for item in items]


def _line(item: InboxItem, tenant: Tenant, language: str, own: TemplateOverride | None) -> Line:
    kind = notification_type(item.notification.kind)
    if kind is None:
        return Line(item, None, Content(item.notification.kind, "", "", tenant.url("/")))
    return Line(item, kind, content_of(kind, item.notification, tenant, language, own))


def kinds_of(category: str) -> list[str]:
    """Codes of the types of a category."""
    return [one.code for one in notification_types().values() if one.category == category]


def category_choices() -> list[tuple[str, str]]:
    return [(one.code, str(one.label)) for one in notification_categories()]
