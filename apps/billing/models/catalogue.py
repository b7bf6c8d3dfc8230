"""What is sold: plans in versions, add-ons, what they cost and what they give."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.billing.enums import Interval
from apps.common.models import BaseModel
from apps.common.money import Money

CODE = r"^[a-z][a-z0-9_]*$"


class Product(BaseModel):
    """What plans and add-ons share: how they are shown. stripe_product_id: of its copy there."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    description = models.CharField(_("description"), max_length=300, blank=True, default="")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_public = models.BooleanField(
        _("public"), default=True, help_text=_("Shown to everybody; others staff assign.")
    )
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)
    stripe_product_id = models.CharField(
        _("Stripe product"), max_length=255, unique=True, null=True, blank=True
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Plan(Product):
    """is_default: what new tenants begin with; one at most."""

    is_default = models.BooleanField(_("for new tenants"), default=False)

    class Meta:
        verbose_name = _("plan")
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=CODE), name="plan_code"),
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="plan_default_once"
            ),
        ]


class PlanVersion(BaseModel):
    """The terms of a plan. Never changed once published: who has them keeps them until moved.

    The one that is sold is the latest that is published and not retired. credits_per_period_microcredits:
    granted with each billing period; of what is left of it then, credits_rollover_microcredits at most go on
    for as long again.
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    trial_days = models.PositiveSmallIntegerField(_("trial (days)"), default=0)
    credits_per_period_microcredits = models.BigIntegerField(_("credits per period"), default=0)
    credits_rollover_microcredits = models.BigIntegerField(
        _("credits that roll over"), default=0, db_default=0
    )
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    class Meta:
        verbose_name = _("plan version")
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="plan_version_number_once"),
            models.CheckConstraint(
                condition=Q(credits_per_period_microcredits__gte=0), name="plan_version_credits"
            ),
            models.CheckConstraint(
                condition=Q(credits_rollover_microcredits__gte=0), name="plan_version_rollover"
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(published_at__isnull=False),
                name="plan_version_retired_once_published",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} v{self.number}"

    @property
    def state(self) -> str:
        if self.published_at is None:
            return "draft"
        return "retired" if self.retired_at else "published"


class AddOn(Product):
    """What is bought besides a plan, one or more times. Its limits are added to the plan's."""

    class Meta:
        verbose_name = _("add-on")
        constraints = [models.CheckConstraint(condition=Q(code__regex=CODE), name="add_on_code")]


class _Part(BaseModel):
    """Belongs to a plan's version or to an add-on."""

    plan_version = models.ForeignKey(
        PlanVersion, on_delete=models.CASCADE, null=True, blank=True, related_name="%(class)ss"
    )
    add_on = models.ForeignKey(
        AddOn, on_delete=models.CASCADE, null=True, blank=True, related_name="%(class)ss"
    )

    class Meta:
        abstract = True


_ONE_OWNER = Q(plan_version__isnull=False, add_on__isnull=True) | Q(
    plan_version__isnull=True, add_on__isnull=False
)


class Price(_Part):
    """amount_minor: in the currency's smallest unit, for each seat where is_per_seat."""

    currency = models.CharField(_("currency"), max_length=3)
    interval = models.CharField(_("paid"), max_length=5, choices=Interval)
    amount_minor = models.BigIntegerField(_("amount"))
    is_per_seat = models.BooleanField(_("for each seat"), default=False)
    stripe_price_id = models.CharField(
        _("Stripe price"), max_length=255, unique=True, null=True, blank=True
    )

    class Meta:
        verbose_name = _("price")
        constraints = [
            models.CheckConstraint(condition=_ONE_OWNER, name="price_of_one"),
            models.CheckConstraint(
                condition=Q(currency__regex="^[A-Z]{3}$"), name="price_currency"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="price_amount"),
            models.UniqueConstraint(
                fields=["plan_version", "currency", "interval"],
                condition=Q(plan_version__isnull=False),
                name="price_of_plan_once",
            ),
            models.UniqueConstraint(
                fields=["add_on", "currency", "interval"],
                condition=Q(add_on__isnull=False),
                name="price_of_add_on_once",
            ),
        ]

    def __str__(self) -> str:
        per_seat = " per seat" if self.is_per_seat else ""
        return f"{self.money} a {self.interval}{per_seat}"

    @property
    def money(self) -> Money:
        return Money(self.amount_minor, self.currency)


class PlanEntitlement(_Part):
    """What a plan's version or an add-on gives. value: how many, or 1 and 0; none: any number."""

    code = models.CharField(_("entitlement"), max_length=80)
    value = models.BigIntegerField(_("value"), null=True, blank=True)
    is_soft = models.BooleanField(_("soft"), default=False)

    class Meta:
        verbose_name = _("entitlement of a plan")
        constraints = [
            models.CheckConstraint(condition=_ONE_OWNER, name="plan_entitlement_of_one"),
            models.CheckConstraint(
                condition=Q(value__isnull=True) | Q(value__gte=0), name="plan_entitlement_value"
            ),
            models.UniqueConstraint(
                fields=["plan_version", "code"],
                condition=Q(plan_version__isnull=False),
                name="plan_entitlement_once",
            ),
            models.UniqueConstraint(
                fields=["add_on", "code"],
                condition=Q(add_on__isnull=False),
                name="add_on_entitlement_once",
            ),
        ]

    def __str__(self) -> str:
        return self.code
