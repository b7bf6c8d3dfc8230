"""What happened, which is never changed; and what it adds up to."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.common.ids import uuid7
from apps.common.models import BaseModel
from apps.credits.enums import HoldState, TransactionKind
from apps.credits.models.accounts import Account, Grant


class Transaction(models.Model):
    """One act, with the entries that it made. The database refuses to change or delete it.

    idempotency_key: of the tenant; fingerprint: of what was asked for with it. organization_id, member_id,
    operation: of a spending, or what a budget is of. related_id: the transaction that a refund, a capture or
    a release is of. balance_after_microcredits: what could still be spent there then. actor_id: of the person
    or the API key; names are looked up, so that they can be erased. details: quantity, rate, reason:
    whatever is shown beside.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(_("time"))
    kind = models.CharField(_("kind"), max_length=12, choices=TransactionKind)
    amount_microcredits = models.BigIntegerField(_("amount"))
    idempotency_key = models.CharField(_("idempotency key"), max_length=200, unique=True)
    fingerprint = models.UUIDField(editable=False)
    organization_id = models.UUIDField(_("organization"), null=True)
    member_id = models.UUIDField(_("member"), null=True)
    operation = models.CharField(_("operation"), max_length=80, blank=True)
    related_id = models.UUIDField(null=True)
    balance_after_microcredits = models.BigIntegerField(_("balance after"))
    actor_kind = models.CharField(_("kind of actor"), max_length=20)
    actor_id = models.UUIDField(_("actor"), null=True)
    details = models.JSONField(_("details"), default=dict)
    # Of one that a service answers with: whether its key had made it before. Not kept.
    is_replay = False

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_microcredits__gt=0), name="credits_transaction_amount"
            ),
            models.CheckConstraint(
                condition=Q(balance_after_microcredits__gte=0), name="credits_transaction_balance"
            ),
        ]
        indexes = [
            models.Index(
                fields=["related_id"],
                condition=Q(related_id__isnull=False),
                name="credits_transaction_related",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_microcredits}"


class Entry(models.Model):
    """An amount of a grant that went from one account to another: both sides in one row.

    So no entry, and no transaction, can be out of balance. Accounts are what the platform owes: debited is
    the one that has less then, credited the one that has more.
    """

    pk = models.CompositePrimaryKey("transaction_id", "position")
    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    position = models.PositiveIntegerField()
    debited_account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    credited_account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="entries")
    amount_microcredits = models.BigIntegerField(_("amount"))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_microcredits__gt=0), name="credits_entry_amount"
            ),
            models.CheckConstraint(
                condition=~Q(debited_account=F("credited_account")), name="credits_entry_two_sides"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_microcredits} of {self.transaction_id}"


class Hold(BaseModel):
    """Credits that are set aside until they are captured, released, or their time is over.

    Its id is that of the transaction that made it.
    """

    amount_microcredits = models.BigIntegerField(_("amount"))
    captured_microcredits = models.BigIntegerField(_("captured"), default=0)
    released_microcredits = models.BigIntegerField(_("released"), default=0)
    state = models.CharField(_("state"), max_length=8, choices=HoldState, default=HoldState.OPEN)
    expires_at = models.DateTimeField(_("expires"))
    organization_id = models.UUIDField(_("organization"), null=True)
    member_id = models.UUIDField(_("member"), null=True)
    operation = models.CharField(_("operation"), max_length=80)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(captured_microcredits__gte=0, released_microcredits__gte=0)
                & Q(
                    amount_microcredits__gte=F("captured_microcredits") + F("released_microcredits")
                ),
                name="credits_hold_amounts",
            ),
            models.CheckConstraint(
                condition=Q(state=HoldState.OPEN)
                | Q(amount_microcredits=F("captured_microcredits") + F("released_microcredits")),
                name="credits_hold_closed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(state=HoldState.OPEN),
                name="credits_hold_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_microcredits} {self.state}"

    @property
    def remaining_microcredits(self) -> int:
        return self.amount_microcredits - self.captured_microcredits - self.released_microcredits


class HoldPart(BaseModel):
    """What a hold has of one lot; captured in the order of position."""

    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, related_name="parts", db_index=False)
    position = models.PositiveIntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="+")
    remaining_microcredits = models.BigIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["hold", "position"], name="credits_hold_part_once"),
            models.CheckConstraint(
                condition=Q(remaining_microcredits__gte=0), name="credits_hold_part_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position} of {self.hold_id}"


class UsageDay(BaseModel):
    """What was used on a day (UTC), kept with each spending; refunds count down.

    So a month's usage costs the same however many transactions it had. uses: spendings, less those that
    were refunded whole.
    """

    day = models.DateField(_("day"))
    organization_id = models.UUIDField(_("organization"), null=True)
    member_id = models.UUIDField(_("member"), null=True)
    operation = models.CharField(_("operation"), max_length=80)
    used_microcredits = models.BigIntegerField(_("used"))
    uses = models.BigIntegerField(_("uses"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "organization_id", "member_id", "operation"],
                nulls_distinct=False,
                name="credits_usage_day_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} on {self.day}"
