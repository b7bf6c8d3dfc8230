"""API keys of a tenant: staff see them, and revoke one that leaked."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from apps.common.actors import Actor
from apps.common.errors import InvalidInput
from apps.common.ids import parse_uuid
from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.acts import Act, ReasonForm
from apps.console.pages import Cell, Table
from apps.roles.api_key_text import api_key_text_read
from apps.roles.enums import ApiKeyState as S
from apps.roles.models import ApiKey
from apps.roles.places import place_of
from apps.roles.selectors_api_keys import api_key_by_digest, api_keys_for
from apps.roles.services import api_key_revoke
from apps.tenants.models import Tenant
from apps.tenants.schemas import schemas_existing

TONES = {S.ACTIVE: "good", S.EXPIRING: "warn", S.EXPIRED: "quiet", S.REVOKED: "bad"}
SHOWN = 500


class RevokeKeyForm(ReasonForm):
    key = forms.CharField(
        label=_("Key"),
        max_length=100,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        help_text=_("The leaked key itself, its id, or what the list shows of it."),
    )
    field_order = ["key", "reason"]


@sensitive_variables("named", "text")
def _revoke(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> None:
    named = data["key"].strip()
    text = api_key_text_read(named)
    if text is not None and text.tenant_id != tenant.pk:
        raise InvalidInput.field("key", _("This is a key of another tenant."), "other_tenant")
    with tenant_context(tenant):
        key_id = _find(text.digest if text else "", named)
        if key_id is None:
            raise InvalidInput.field("key", _("The tenant has no such key."), "unknown")
        api_key_revoke(actor=actor, api_key_id=key_id, reason=data["reason"])


def has_schema(tenant: Tenant) -> bool:
    """Whether the tenant has a schema of its own: not before it is ready, nor while it is purged."""
    is_there = tenant.ready_at is not None and tenant.purge_started_at is None
    return is_there and bool(schemas_existing([tenant.schema_name]))


def _find(digest: str, named: str) -> uuid.UUID | None:
    """In the entered tenant: by what is sure, else by the hint if it is one key's."""
    found = api_key_by_digest(digest) if digest else None
    if found is not None:
        return found.id
    named_so = Q(id=parse_uuid(named)) | Q(hint=named) | Q(previous_hint=named)
    keys = ApiKey.objects.filter(named_so)[:2]
    return keys[0].id if len(keys) == 1 else None


KEY_ACTS = (
    Act(
        name="revoke_api_key",
        label="Revoke an API key",
        icon="key_off",
        available=has_schema,
        explain=lambda _tenant: [
            "What uses the key stops working from its next request on, for good.",
            "The workspace’s people see that it is revoked; they can create another.",
        ],
        run=_revoke,
        done=lambda _tenant: "The API key is revoked.",
        form=RevokeKeyForm,
        inside="api_keys",
        dangerous=True,
    ),
)


def api_keys_table(tenant: Tenant) -> Table:
    """All of them, the newest first. One statement, in the tenant."""
    rows: list[Sequence[Cell]] = []
    if has_schema(tenant):
        with tenant_context(tenant):
            keys = api_keys_for(Actor.system("console")).order_by("-id")[:SHOWN]
            rows = [_row(key) for key in keys]
    return Table(
        "API keys",
        ("Name", "Key", "State", "Permissions", "Where", "Last used", "Expires", "Made by"),
        rows,
        empty="No program has a key to this workspace.",
    )


def _row(key: ApiKey) -> Sequence[Cell]:
    place = place_of(key)
    where = "Nowhere" if place is None else "Whole workspace" if place.is_root else place.name
    return (
        key.name,
        format_html('<span class="c-keep">{}</span>', key.hint),
        r.badge(str(key.state.label), TONES[key.state]),
        ", ".join(sorted(key.held)) or r.NONE,
        where,
        format_html("{} from {}", r.when(key.last_used_at), key.last_used_ip or r.NONE)
        if key.last_used_at
        else r.NONE,
        r.exact(key.expires_at) if key.expires_at else "Never",
        key.created_by,
    )
