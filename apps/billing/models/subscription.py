from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.billing.enums import Standing, SubscriptionStatus
from apps.billing.models.catalogue import Price
from apps.common.models import BaseModel


class Subscription(BaseModel):
    """What a tenant pays for: its latest subscription at Stripe, as far as the platform acts by it.

    status is Stripe's; standing what follows from it (`life`), until standing_changes_at comes.
    price: None where it is one that the catalogue does not know. unpaid_since: when we learnt that a payment
    failed; None while none is owed. ends_at: it is cancelled for then. next_price, next_price_at: what it
    changes to at the end of the period. resumes_at: the pause ends by itself then. pause_paid_until: it is
    the tenant's own pause, and so far was paid when it began. has_closed: we suspended the tenant for it.
    seats_changed_at: since when the quantity may be another than the members that there are; None: it is
    right.
    """

    tenant = models.OneToOneField(
        "tenants.Tenant", on_delete=models.CASCADE, related_name="subscription"
    )
    stripe_id = models.CharField(_("Stripe id"), max_length=255, unique=True)
    status = models.CharField(_("status"), max_length=20, choices=SubscriptionStatus)
    standing = models.CharField(_("standing"), max_length=20, choices=Standing)
    standing_changes_at = models.DateTimeField(null=True)
    price = models.ForeignKey(
        Price, on_delete=models.PROTECT, null=True, related_name="subscriptions"
    )
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    is_paused = models.BooleanField(_("paused"), default=False)
    resumes_at = models.DateTimeField(_("goes on"), null=True)
    pause_paid_until = models.DateTimeField(null=True)
    trial_ends_at = models.DateTimeField(_("trial ends"), null=True)
    period_starts_at = models.DateTimeField(_("period begins"), null=True)
    period_ends_at = models.DateTimeField(_("period ends"), null=True)
    ends_at = models.DateTimeField(_("ends"), null=True)
    next_price = models.ForeignKey(Price, on_delete=models.PROTECT, null=True, related_name="+")
    next_price_at = models.DateTimeField(null=True)
    unpaid_since = models.DateTimeField(_("unpaid since"), null=True)
    has_closed = models.BooleanField(default=False)
    seats_changed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        indexes = [
            models.Index(
                fields=["standing_changes_at"],
                name="subscription_due",
                condition=models.Q(standing_changes_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.stripe_id

    @property
    def is_live(self) -> bool:
        """Whether there is something to change or to cancel, before another can be bought."""
        return self.standing not in (Standing.ENDED, Standing.INCOMPLETE)

    @property
    def is_own_pause(self) -> bool:
        """Whether the tenant paused it, which may end that."""
        return self.standing == Standing.PAUSED and self.pause_paid_until is not None

    @property
    def has_skipped_payment(self) -> bool:
        """Whether the period that runs is not paid for, because of the tenant's own pause."""
        return (
            self.is_own_pause
            and self.period_starts_at is not None
            and self.pause_paid_until is not None
            and self.period_starts_at >= self.pause_paid_until
        )
