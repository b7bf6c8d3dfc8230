"""What can go wrong between Stripe and us, as every edge shows it."""

from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput, NotFound, PlatformError, Unavailable


class PaymentDeclined(PlatformError):
    """The bank said no. detail: Stripe's message, which is for the person who pays. code: Stripe's."""

    status = 402
    code = "payment_declined"
    title = _("The payment was declined")
    default_detail = _("The payment was declined. Try another payment method.")


class StripeRefused(InvalidInput):
    """Stripe does not take what was sent. detail and code: Stripe's."""


class StripeObjectMissing(NotFound):
    """There is no such object at Stripe, or it is another account's."""


class StripeUnavailable(Unavailable):
    """It does not answer, has too much to do, or does not know us. Nothing is known of what was asked."""

    default_detail = _("Payments cannot be reached right now. Try again in a moment.")


class StripeNotConfigured(StripeUnavailable):
    code = "billing_not_configured"
    default_detail = _("Billing is not set up on this platform.")
