"""Packs of credits, who bought which, and who has them bought automatically."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.billing.enums import PurchaseState
from apps.billing.models.catalogue import CODE, Product
from apps.common.models import BaseModel
from apps.common.money import Money


class CreditPack(Product):
    """Credits that are bought once. valid_days: from the purchase on; None: they do not expire.

    priority: of the grant, 0 is used up first. Terms may change: a purchase keeps those it began with.
    """

    credits_microcredits = models.BigIntegerField(_("credits"))
    valid_days = models.PositiveSmallIntegerField(_("valid (days)"), null=True, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), default=50)

    class Meta:
        verbose_name = _("pack of credits")
        verbose_name_plural = _("packs of credits")
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=CODE), name="credit_pack_code"),
            models.CheckConstraint(
                condition=Q(credits_microcredits__gt=0), name="credit_pack_credits"
            ),
            models.CheckConstraint(
                condition=Q(valid_days__isnull=True) | Q(valid_days__gt=0), name="credit_pack_valid"
            ),
        ]


class PackPrice(BaseModel):
    """amount_minor: of one pack, in the currency's smallest unit. Never changed: another amount is another
    row, and this one is retired.
    """

    pack = models.ForeignKey(CreditPack, on_delete=models.PROTECT, related_name="prices")
    currency = models.CharField(_("currency"), max_length=3)
    amount_minor = models.BigIntegerField(_("amount"))
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)
    stripe_price_id = models.CharField(
        _("Stripe price"), max_length=255, unique=True, null=True, blank=True
    )

    class Meta:
        verbose_name = _("price of a pack")
        constraints = [
            models.CheckConstraint(
                condition=Q(currency__regex="^[A-Z]{3}$"), name="pack_price_currency"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="pack_price_amount"),
            models.UniqueConstraint(
                fields=["pack", "currency"],
                condition=Q(retired_at__isnull=True),
                name="pack_price_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.money)

    @property
    def money(self) -> Money:
        return Money(self.amount_minor, self.currency)


class CreditPurchase(BaseModel):
    """A tenant buys packs. The row is there before Stripe is asked: its id is the key by which Stripe knows a
    second request for the first, and by which its events lead back here.

    credits_microcredits, amount_minor: of all `quantity` packs, without taxes and discounts. low_at: of an
    automatic one, since when the balance was low that it is for. paid_minor: what was paid in the end.
    returned: what was given back, or taken back by a bank, in the currency's smallest unit by Stripe's id of
    the charge, dispute or credit note: each says its own, in whatever order. check_at: when Stripe is asked
    what became of it, while it is open.
    """

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    price = models.ForeignKey(PackPrice, on_delete=models.PROTECT, related_name="purchases")
    quantity = models.PositiveIntegerField(_("quantity"))
    credits_microcredits = models.BigIntegerField(_("credits"))
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    valid_days = models.PositiveSmallIntegerField(null=True)
    priority = models.PositiveSmallIntegerField(default=50)
    is_automatic = models.BooleanField(_("automatic"), default=False)
    low_at = models.DateTimeField(null=True)
    state = models.CharField(
        _("state"), max_length=8, choices=PurchaseState, default=PurchaseState.OPEN
    )
    check_at = models.DateTimeField(null=True)
    stripe_session_id = models.CharField(max_length=255, null=True, unique=True)  # noqa: DJ001
    stripe_invoice_id = models.CharField(max_length=255, null=True, unique=True)  # noqa: DJ001
    stripe_payment_intent_id = models.CharField(max_length=255, null=True, unique=True)  # noqa: DJ001
    paid_at = models.DateTimeField(_("paid"), null=True)
    paid_minor = models.BigIntegerField(_("paid amount"), default=0)
    failure_code = models.CharField(max_length=100, blank=True, default="")
    failure_reason = models.CharField(_("why it failed"), max_length=500, blank=True, default="")
    returned = models.JSONField(_("given back"), default=dict)

    class Meta:
        verbose_name = _("purchase of credits")
        verbose_name_plural = _("purchases of credits")
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, credits_microcredits__gt=0, amount_minor__gt=0),
                name="credit_purchase_amounts",
            ),
            models.CheckConstraint(
                condition=Q(is_automatic=False, low_at__isnull=True)
                | Q(is_automatic=True, low_at__isnull=False),
                name="credit_purchase_automatic",
            ),
            models.UniqueConstraint(
                fields=["tenant"],
                condition=Q(is_automatic=True, state=PurchaseState.OPEN),
                name="credit_purchase_one_open",
            ),
            models.UniqueConstraint(
                fields=["tenant", "low_at"],
                condition=Q(is_automatic=True) & ~Q(state=PurchaseState.FAILED),
                name="credit_purchase_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["check_at"],
                condition=Q(state=PurchaseState.OPEN),
                name="credit_purchase_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.price_id}"

    @property
    def money(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def paid(self) -> Money:
        return Money(self.paid_minor, self.currency)

    @property
    def returned_minor(self) -> int:
        """At most what was paid."""
        return min(self.paid_minor, sum(self.returned.values()))


class AutoTopUp(BaseModel):
    """That a tenant has packs bought when its wallet is low. Below what, the wallet says.

    monthly_cap_minor: what may be charged so in a month (UTC), in the smallest unit, without taxes.
    paused_at: since when a failure keeps it from buying, until somebody resumes it. capped_on: the month in
    which it was told that the cap is reached; its first day.
    """

    tenant = models.OneToOneField("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    is_on = models.BooleanField(_("on"), default=False)
    pack = models.ForeignKey(CreditPack, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    currency = models.CharField(_("currency"), max_length=3)
    monthly_cap_minor = models.BigIntegerField(_("at most a month"))
    paused_at = models.DateTimeField(_("paused"), null=True)
    pause_code = models.CharField(max_length=100, blank=True, default="")
    pause_reason = models.CharField(_("why it is paused"), max_length=500, blank=True, default="")
    capped_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("auto top-up")
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, monthly_cap_minor__gt=0), name="auto_top_up_amounts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.pack_id}"

    @property
    def is_active(self) -> bool:
        return self.is_on and self.paused_at is None

    @property
    def cap(self) -> Money:
        return Money(self.monthly_cap_minor, self.currency)
