"""What of the ledger lies in files, and what it adds up to."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.credits.enums import TransactionKind
from apps.credits.models.accounts import Account, Grant


class Archive(BaseModel):
    """A file with the oldest transactions and their entries. digest: SHA-256 of what is packed in it."""

    file = models.CharField(_("file"), max_length=200)
    digest = models.BinaryField(editable=False)
    first_id = models.UUIDField(editable=False)
    last_id = models.UUIDField(editable=False)
    last_at = models.DateTimeField(_("until"))
    transactions = models.PositiveBigIntegerField(_("transactions"))
    entries = models.PositiveBigIntegerField(_("entries"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first_id"], name="credits_archive_once"),
        ]

    def __str__(self) -> str:
        return self.file


class CarriedEntry(BaseModel):
    """The sum of all archived entries of one kind of transaction, two accounts and a grant."""

    kind = models.CharField(_("kind"), max_length=12, choices=TransactionKind)
    debited_account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    credited_account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount_microcredits = models.BigIntegerField(_("amount"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "kind", "debited_account", "credited_account"],
                name="credits_carried_entry_once",
            ),
            models.CheckConstraint(
                condition=Q(amount_microcredits__gt=0) & ~Q(debited_account=F("credited_account")),
                name="credits_carried_entry_sound",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_microcredits}"
