from apps.billing.models.customer import BillingCustomer
from apps.billing.models.stripe_event import StripeEvent

__all__ = ["BillingCustomer", "StripeEvent"]
