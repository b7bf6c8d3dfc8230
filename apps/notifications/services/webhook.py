"""The workspace's webhook: where it is, its secret, and what becomes of it when it fails."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound, RateLimited
from apps.common.ids import uuid7
from apps.common.notifying import notification_categories
from apps.common.rate_limits import Limit
from apps.events.services import publish
from apps.notifications import webhook
from apps.notifications.events import (
    WebhookDisabled,
    WebhookRemoved,
    WebhookSecretRotated,
    WebhookSet,
)
from apps.notifications.models import WebhookTarget
from apps.notifications.permissions import MANAGE_NOTIFICATIONS
from apps.notifications.selectors_webhook import webhook_for
from apps.tenants.models import Tenant

ACTOR = Actor.system("notifications")
TESTS = Limit("notifications.webhook_test", at_most=20, window_s=3600)
# Who fails for so long is not asked any more, until somebody turns it on again.
FAILING_DAYS = 5


@transaction.atomic
def webhook_set(
    *, actor: Actor, url: str, categories: Sequence[str] = (), is_on: bool = True
) -> tuple[WebhookTarget, str]:
    """Say where notifications are posted to; the secret of a new one, shown once, else empty.

    categories: codes; none: all. Turning it on forgets that it failed. Locks it. Publishes
    notifications.webhook_set if something differs. Raises PermissionDenied, ReauthenticationRequired,
    InvalidInput.
    """
    authorize(actor, MANAGE_NOTIFICATIONS)
    actor.require_recent_proof()
    url = url.strip()
    if problem := webhook.address_problem(url):
        raise InvalidInput.field("url", problem, "url_invalid")
    known = [one.code for one in notification_categories()]
    if unknown := sorted(set(categories) - set(known)):
        raise InvalidInput.field(
            "categories", _("There is no category %s.") % unknown[0], "category_unknown"
        )
    chosen = [code for code in known if code in categories]
    wanted = {"url": url, "categories": chosen, "is_on": is_on}
    target = WebhookTarget.objects.select_for_update().first()
    if target is None:
        secret = webhook.secret_make()
        # Of two at once the second waits here, and then changes the first one's.
        target, is_new = WebhookTarget.objects.get_or_create(
            is_only=True,
            defaults={**wanted, "secret_encrypted": webhook.secrets_seal(secret)},
        )
        if is_new:
            _publish_set(actor, target)
            return target, secret
    if is_on and (not target.is_on or target.url != url):
        target.failing_since, target.last_error = None, ""
    changed = [name for name, value in wanted.items() if getattr(target, name) != value]
    for name in changed:
        setattr(target, name, wanted[name])
    if changed:
        target.save(update_fields=[*changed, "failing_since", "last_error", "updated_at"])
        _publish_set(actor, target)
    return target, ""


def _publish_set(actor: Actor, target: WebhookTarget) -> None:
    publish(
        WebhookSet(
            webhook_id=target.id,
            url=target.url,
            categories=" ".join(target.categories),
            is_on=target.is_on,
        ),
        actor=actor,
    )


@transaction.atomic
def webhook_rotate(*, actor: Actor) -> str:
    """A new secret, shown once; the one before is good for a day still. Locks the webhook.

    Publishes notifications.webhook_secret_rotated. Raises PermissionDenied, ReauthenticationRequired,
    NotFound.
    """
    target = _locked(actor)
    actor.require_recent_proof()
    secret = webhook.secret_make()
    former = webhook.secrets_open(target.secret_encrypted)[0]
    target.secret_encrypted = webhook.secrets_seal(secret, former)
    target.save(update_fields=["secret_encrypted", "updated_at"])
    publish(WebhookSecretRotated(webhook_id=target.id), actor=actor)
    return secret


@transaction.atomic
def webhook_remove(*, actor: Actor) -> None:
    """Nothing is posted there any more. Publishes notifications.webhook_removed. Raises as above."""
    target = _locked(actor)
    webhook_id: uuid.UUID = target.id
    target.delete()
    publish(WebhookRemoved(webhook_id=webhook_id), actor=actor)


def webhook_test_send(*, actor: Actor, tenant: Tenant) -> int:
    """Post a test now, and return the status that was answered. Not inside a transaction.

    Raises PermissionDenied, NotFound, RateLimited, and webhook.NotTaken.
    """
    target = webhook_for(actor)
    if target is None:
        raise NotFound
    if wait_s := TESTS.consume(str(tenant.id)):
        raise RateLimited(wait_s)
    payload = {
        "type": "notifications.test",
        "timestamp": timezone.now(),
        "data": {"workspace": {"id": tenant.id, "slug": tenant.slug, "name": tenant.name}},
    }
    return webhook.post(target, tenant, str(uuid7()), payload)


def webhook_note_taken(target: WebhookTarget) -> None:
    """It works. No statement where that was known."""
    if target.failing_since is not None or target.last_error:
        WebhookTarget.objects.filter(id=target.id, url=target.url).update(
            failing_since=None, last_error="", updated_at=Now()
        )


@transaction.atomic
def webhook_note_failed(target: WebhookTarget, error: webhook.NotTaken) -> bool:
    """It failed; whether that was the end of it: for FAILING_DAYS, or it says that it is gone.

    Publishes notifications.webhook_disabled then. Two statements at most, and an event.
    """
    rows = WebhookTarget.objects.filter(id=target.id, url=target.url, is_on=True)
    rows.update(
        failing_since=Coalesce("failing_since", Now()),
        last_error=error.detail[: webhook.DETAIL_CHARS],
        updated_at=Now(),
    )
    if not error.is_gone:
        rows = rows.filter(failing_since__lt=timezone.now() - timedelta(days=FAILING_DAYS))
    if not rows.update(is_on=False):
        return False
    publish(
        WebhookDisabled(
            webhook_id=target.id,
            host=urlsplit(target.url).hostname or "",
            days=0 if error.is_gone else FAILING_DAYS,
            error=error.detail[: webhook.DETAIL_CHARS],
        ),
        actor=ACTOR,
    )
    return True


def _locked(actor: Actor) -> WebhookTarget:
    authorize(actor, MANAGE_NOTIFICATIONS)
    target = WebhookTarget.objects.select_for_update().first()
    if target is None:
        raise NotFound
    return target
