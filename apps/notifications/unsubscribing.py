"""The link in each mail by which it is refused from then on, signed in or not (RFC 8058)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.core import signing

from apps.common.errors import NotFound
from apps.common.notifying import UNSUBSCRIBE_PATH, notification_categories
from apps.common.tenancy import require_tenant
from apps.tenants.models import Tenant

_SIGNER = signing.Signer(salt="notifications.unsubscribe")


@dataclass(frozen=True, slots=True)
class Link:
    """category: its code; empty: of a digest, which has mails of all."""

    member_id: uuid.UUID
    category: str

    @property
    def categories(self) -> list[str]:
        known = [one.code for one in notification_categories()]
        return [one for one in known if one == self.category] if self.category else known


def unsubscribe_url(tenant: Tenant, link: Link) -> str:
    """On the workspace's own host; it never expires, as a mail does not."""
    values = [tenant.id.hex, link.member_id.hex, link.category]
    return tenant.url(f"{UNSUBSCRIBE_PATH}{_SIGNER.sign_object(values, compress=True)}/")


def unsubscribe_headers(url: str) -> Mapping[str, str]:
    """RFC 2369 and RFC 8058."""
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def link_read(token: str) -> Link:
    """Raises NotFound for what was not signed here, and for another workspace's."""
    try:
        tenant_id, member_id, category = _SIGNER.unsign_object(token)
        link = Link(uuid.UUID(str(member_id)), str(category))
        if uuid.UUID(str(tenant_id)) != require_tenant().id:
            raise NotFound
    except (signing.BadSignature, TypeError, ValueError) as error:
        raise NotFound from error
    return link
