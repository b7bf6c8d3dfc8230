"""Where a tenant wants its invoices and receipts sent, and what is printed on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.billing import gateway
from apps.billing.countries import is_country
from apps.billing.customers import billing_customer_ensure, billing_customer_follow
from apps.billing.events import ContactsChanged
from apps.billing.models import BillingCustomer
from apps.billing.permissions import MANAGE_BILLING
from apps.billing.services.asking import ACTOR, customers_turn
from apps.billing.stripe_shapes import ADDRESS, address_of
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import InvalidInput
from apps.events.services import publish
from apps.tenants.models import Tenant

MOST_EXTRA = 10


@dataclass(frozen=True, slots=True)
class Contacts:
    """email: where Stripe sends invoices, and we receipts. name, address: on invoices; address by the names
    of ADDRESS, country as ISO 3166. extra_emails: whom we send receipts, too.
    """

    email: str
    name: str
    address: Mapping[str, str] = field(default_factory=dict)
    extra_emails: Sequence[str] = ()

    @classmethod
    def of(cls, row: BillingCustomer) -> "Contacts":
        return cls(row.email, row.name, row.address, tuple(row.extra_emails))


def contacts_set(*, actor: Actor, tenant: Tenant, wanted: Contacts) -> BillingCustomer:
    """Have them so, at Stripe too, which makes a customer of the tenant if it is none yet.

    Not inside a transaction. Said again, it changes nothing. Publishes billing.contacts_changed where
    something differs, and billing.customer_created, once.
    Raises PermissionDenied, ReauthenticationRequired, InvalidInput, Conflict (`busy`), StripeRefused,
    StripeUnavailable.
    """
    authorize(actor, MANAGE_BILLING)
    actor.require_recent_proof()
    wanted = _checked(wanted)
    billing_customer_ensure(actor=actor, tenant=tenant, email=wanted.email)
    with customers_turn(tenant):
        before = BillingCustomer.objects.get(tenant=tenant)
        change: Any = {
            "email": wanted.email,
            "name": wanted.name,
            "address": {name: wanted.address.get(name, "") for name in ADDRESS},
        }
        with gateway.stripe_client() as client:
            found = client.v1.customers.update(before.stripe_id or "", change).to_dict()
        with transaction.atomic():
            row = billing_customer_follow(actor=ACTOR, found=found)
            if row is None:
                raise TypeError("a customer that was asked for by its id is known")
            row.extra_emails = list(wanted.extra_emails)
            row.save(update_fields=["extra_emails", "updated_at"])
            names = ("email", "name", "address", "extra_emails")
            differing = [one for one in names if getattr(before, one) != getattr(row, one)]
            if differing:
                event = ContactsChanged(customer_id=row.id, changed=" ".join(differing))
                publish(event, actor=actor, tenant_id=tenant.id)
    return row


def _checked(wanted: Contacts) -> Contacts:
    """Without blanks around, and addresses once. Raises InvalidInput."""
    email, name = wanted.email.strip(), wanted.name.strip()[:256]
    if not name:
        raise InvalidInput.field("name", _("Say who is billed."), "required")
    address = {key: str(value).strip()[:200] for key, value in wanted.address.items()}
    if unknown := sorted(set(address) - set(ADDRESS)):
        raise InvalidInput.field("address", _("Unknown: %s.") % ", ".join(unknown), "unknown")
    if address.get("country") and not is_country(address["country"]):
        raise InvalidInput.field("country", _("Choose a country."), "invalid")
    extra = list(dict.fromkeys(one.strip() for one in wanted.extra_emails if one.strip()))
    if len(extra) > MOST_EXTRA:
        raise InvalidInput.field("extra_emails", _("At most 10 addresses."), "too_many")
    for key, one in (("email", email), *(("extra_emails", one) for one in extra)):
        try:
            validate_email(one)
        except ValidationError:
            raise InvalidInput.field(
                key, _("%s is no e-mail address.") % (one or _("Nothing")), "invalid"
            ) from None
    extra = [one for one in extra if one.lower() != email.lower()]
    return Contacts(email, name, address_of({"address": address}), extra)
