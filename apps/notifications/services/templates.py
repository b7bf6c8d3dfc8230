"""A workspace's own words for what its people are told."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.errors import Conflict, RateLimited
from apps.common.ids import uuid7
from apps.common.rate_limits import Limit
from apps.events.services import publish
from apps.messaging.errors import Refused, Suppressed, Unavailable
from apps.messaging.senders import email_send
from apps.notifications.channels.email import mail_of, message_id
from apps.notifications.content import Words
from apps.notifications.events import TemplateChanged, TemplateReset
from apps.notifications.models import TemplateOverride
from apps.notifications.own_words import example_content, words_clean, words_validate
from apps.notifications.selectors_templates import Template, template_for
from apps.tenants.models import Tenant

TESTS = Limit("notifications.template_test", at_most=10, window_s=3600)


@transaction.atomic
def template_set(*, actor: Actor, code: str, language: str, words: Words) -> Template:
    """Say it in these words from now on; an empty one is the platform's. All empty: as template_reset.

    code: of a type. Publishes notifications.template_changed if something differs. Raises
    PermissionDenied, NotFound, InvalidInput.
    """
    found = template_for(actor, code, language)
    words = words_clean(words)
    words_validate(found.kind, words)
    if words == Words():
        return template_reset(actor=actor, code=code, language=language)
    wanted = {"title": words.title, "body": words.body, "action": words.action}
    row, is_new = TemplateOverride.objects.select_for_update().get_or_create(
        kind=code, language=language, defaults=wanted
    )
    changed = [field for field, value in wanted.items() if getattr(row, field) != value]
    for field in changed:
        setattr(row, field, wanted[field])
    if changed:
        row.save(update_fields=[*changed, "updated_at"])
    if changed or is_new:
        publish(TemplateChanged(template_id=row.id, kind=code, language=language), actor=actor)
    return Template(found.kind, language, row)


@transaction.atomic
def template_reset(*, actor: Actor, code: str, language: str) -> Template:
    """The platform's words again; nothing happens where they hold already.

    Publishes notifications.template_reset. Raises PermissionDenied, NotFound.
    """
    found = template_for(actor, code, language)
    row = TemplateOverride.objects.select_for_update().filter(kind=code, language=language).first()
    if row is not None:
        template_id: uuid.UUID = row.id
        row.delete()
        publish(TemplateReset(template_id=template_id, kind=code, language=language), actor=actor)
    return Template(found.kind, language, None)


def template_test_send(
    *, actor: Actor, tenant: Tenant, to: str, code: str, language: str, words: Words
) -> None:
    """Send the actor a mail in these words, with the type's example. Nothing is kept of it.

    to: the actor's own address. Not inside a transaction. Raises PermissionDenied, NotFound, InvalidInput,
    RateLimited, Conflict (the mail was not taken).
    """
    found = template_for(actor, code, language)
    words = words_clean(words)
    words_validate(found.kind, words)
    if wait_s := TESTS.consume(str(actor.member_id)):
        raise RateLimited(wait_s)
    content = example_content(found.kind, language, tenant, words)
    mail = mail_of(content, tenant, to, language)
    mail.extra_headers["Message-ID"] = message_id(uuid7(), tenant)
    mail.metadata = {"tenant_id": str(tenant.id)}  # type: ignore[attr-defined]  # as anymail calls it
    try:
        email_send(mail)
    except Suppressed as error:
        raise Conflict(
            _("Nothing is sent to your address: it is on the suppression list."), code="suppressed"
        ) from error
    except Refused as error:
        raise Conflict(_("The mail was refused."), code="refused") from error
    except Unavailable as error:
        raise Conflict(
            _("No mail can be sent right now. Try again in a minute."), code="mail_unavailable"
        ) from error
