"""What there is to spend, and where it lies."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.credits.enums import AccountKind, BudgetPeriod, CapPeriod, GrantSource

SPENDABLE = (AccountKind.WALLET, AccountKind.BUDGET)


class Account(BaseModel):
    """A side of an entry. Of wallet and budgets the balance is kept, which is never below 0.

    organization_id: whose budget; no foreign key, as the entries outlive the organization. frozen_at: since
    when nothing is spent from it; of the wallet: from none. low_at: since when the balance is below
    alert_below_microcredits (NULL: nobody asked). low_told_at: the low_at that was told of. short_told_at:
    since when it is told that the balance does not last.
    """

    kind = models.CharField(_("kind"), max_length=12, choices=AccountKind)
    organization_id = models.UUIDField(_("organization"), null=True)
    balance_microcredits = models.BigIntegerField(_("balance"), default=0)
    frozen_at = models.DateTimeField(_("frozen"), null=True)
    frozen_reason = models.CharField(_("why it is frozen"), max_length=500, blank=True)
    alert_below_microcredits = models.BigIntegerField(_("alert below"), null=True)
    low_at = models.DateTimeField(_("low"), null=True)
    low_told_at = models.DateTimeField(null=True, editable=False)
    short_told_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(balance_microcredits__gte=0), name="credits_account_not_negative"
            ),
            models.CheckConstraint(
                # Not IN, which a clone's definition spells in another way.
                condition=Q(kind=AccountKind.WALLET)
                | Q(kind=AccountKind.BUDGET)
                | Q(balance_microcredits=0),
                name="credits_account_keeps_balance",
            ),
            models.CheckConstraint(
                condition=Q(kind=AccountKind.BUDGET, organization_id__isnull=False)
                | ~Q(kind=AccountKind.BUDGET) & Q(organization_id__isnull=True),
                name="credits_account_of_organization",
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=~Q(kind=AccountKind.BUDGET),
                name="credits_account_once",
            ),
            models.UniqueConstraint(fields=["organization_id"], name="credits_account_budget_once"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class Grant(BaseModel):
    """Credits that came in, and until when they are good. What is left of it lies in lots.

    Burned in the order of priority (the smallest first), expires_at (the earliest first, without one last),
    and id, which is the order of creation. operations, organization_ids: it pays for these alone, and what
    lies below the organizations; empty: for all. rollover_cap_microcredits: so much of what is left when it
    expires goes on for as long again. reference: whence, e.g. an invoice's id; once for each source.
    """

    source = models.CharField(_("source"), max_length=12, choices=GrantSource)
    amount_microcredits = models.BigIntegerField(_("amount"))
    priority = models.PositiveSmallIntegerField(_("priority"), default=50)
    effective_at = models.DateTimeField(_("good from"))
    expires_at = models.DateTimeField(_("good until"), null=True)
    operations = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    organization_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    rollover_cap_microcredits = models.BigIntegerField(_("rolls over, at most"), default=0)
    rolled_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    description = models.CharField(_("description"), max_length=200, blank=True)
    reference = models.CharField(_("reference"), max_length=200)
    expired_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_microcredits__gt=0), name="credits_grant_amount"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("effective_at")),
                name="credits_grant_times",
            ),
            models.CheckConstraint(
                condition=Q(rollover_cap_microcredits__gte=0), name="credits_grant_rollover"
            ),
            models.UniqueConstraint(fields=["source", "reference"], name="credits_grant_once"),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(expired_at__isnull=True, expires_at__isnull=False),
                name="credits_grant_to_expire",
            ),
        ]

    def __str__(self) -> str:
        return self.description or self.reference


class Lot(BaseModel):
    """What is left of a grant in an account. A lot of nothing may be gone; it comes again when needed."""

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="lots", db_index=False
    )
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="lots")
    remaining_microcredits = models.BigIntegerField(_("left"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "grant"], name="credits_lot_once"),
            models.CheckConstraint(
                condition=Q(remaining_microcredits__gte=0), name="credits_lot_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grant_id} in {self.account_id}"


class Budget(BaseModel):
    """What an organization is allocated: amount_microcredits now, and again when the period begins.

    is_hard: when it is used up nothing more is spent there; soft: what is above comes from the next budget
    up the tree, or the wallet. allocated_microcredits: what it has been allocated in this period, with what
    it passed on to those below it; less than the amount where there was not enough, and more or less after
    transfers. source_account_id: which account it was allocated from last. closed_at: it was given back.
    """

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="budget")
    organization_id = models.UUIDField(_("organization"), unique=True)
    amount_microcredits = models.BigIntegerField(_("amount"))
    allocated_microcredits = models.BigIntegerField(_("allocated"), default=0, db_default=0)
    source_account_id = models.UUIDField(null=True)
    period = models.CharField(
        _("period"), max_length=8, choices=BudgetPeriod, default=BudgetPeriod.MONTH
    )
    is_hard = models.BooleanField(_("hard limit"), default=True)
    period_start = models.DateField(_("period began"))
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_microcredits__gte=0), name="credits_budget_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_microcredits} of {self.organization_id}"


class SpendingCap(BaseModel):
    """What a member may spend in a period (UTC); spent_microcredits counts from period_start."""

    member_id = models.UUIDField(_("member"), unique=True)
    amount_microcredits = models.BigIntegerField(_("amount"))
    period = models.CharField(_("period"), max_length=8, choices=CapPeriod, default=CapPeriod.MONTH)
    period_start = models.DateField(_("period began"))
    spent_microcredits = models.BigIntegerField(_("spent"), default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_microcredits__gte=0, spent_microcredits__gte=0),
                name="credits_spending_cap_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_microcredits} of {self.member_id}"
