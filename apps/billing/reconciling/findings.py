"""What can differ, and what is done about it."""

from collections import Counter
from dataclasses import dataclass, field

# What a person does about it; empty: Stripe's word is taken over, as if the lost event had come.
KINDS = {
    "customer_missing": "Stripe knows no such customer: was it another account or mode?",
    "customer_deleted": "Deleted at Stripe. Decide with the tenant; a new one needs a new row.",
    "customer_second": "A second customer of the tenant. Move what it has, then delete it there.",
    "customer_unknown": "Nobody here made it. Find out who did.",
    "customer_unlinked": "",
    "customer_email": "",
    "customer_name": "",
    "customer_currency": "",
    "customer_address": "",
    "subscription_missing": "",
    "subscription_gone": "Stripe knows no such subscription. Find out who pays, and how.",
    "subscription_status": "",
    "subscription_price": "",
    "subscription_quantity": "",
    "subscription_add_ons": "",
    "subscription_period": "",
    "subscription_trial": "",
    "subscription_cancel": "",
    "subscription_next": "",
    "subscription_paused": "",
    "subscription_standing": "",
    "subscription_second": "The tenant pays twice. Cancel one there, and refund it.",
    "subscription_of_deleted": "The tenant is being deleted and still pays. Cancel it there.",
    "subscription_of_nobody": "Somebody pays for no tenant. Cancel it there, and refund it.",
    "price_unknown": "It pays for a price that the catalogue does not know. Change it there.",
    "plan_differs": "",
    "plan_unpaid": "It has a plan that costs, and pays nothing. Assign it with --comp, or another.",
    "seats": "Noted: they are followed within minutes. If it stays, find out why that fails.",
    "invoice_missing": "",
    "invoice_gone": "",
    "invoice_status": "",
    "invoice_amounts": "",
    "invoice_payment": "",
    "payment_missing": "",
    "payment_status": "",
    "payment_amounts": "",
    "charge_missing": "",
    "charge_status": "",
    "charge_amounts": "",
    "purchase_unpaid": "",
    "purchase_returned": "",
    "purchase_unknown": "Paid for packs that nobody here asked for. Refund it, or grant by hand.",
    "purchase_gone": "Paid here, and not there. Find out who changed the row, and adjust.",
    "grant_missing": "",
    "grant_kept": "",
    "grant_unpaid": "Nobody paid for this grant. Find out who made it, and adjust.",
    "product_missing": "Sold here, and gone there. Sell another version, and sync it.",
    "product_archived": "Sold here. Run `manage.py billing sync`, or retire it.",
    "price_missing": "Sold here, and gone there. Sell another version, and sync it.",
    "price_archived": "Sold here. Run `manage.py billing sync`, or retire it.",
    "price_differs": "Other terms are charged than shown. Archive it there; sell another version.",
}


@dataclass(slots=True)
class Finding:
    """tenant: its slug, empty for none. here, there: what each side says. is_mended: it differed."""

    kind: str
    tenant: str
    object_type: str
    object_id: str
    here: str
    there: str
    is_mended: bool = False

    @property
    def remedy(self) -> str:
        return KINDS[self.kind]

    @property
    def is_mendable(self) -> bool:
        return not self.remedy

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.object_id


@dataclass(slots=True)
class Report:
    """checked: customers. waiting: those whose events are on their way: next time."""

    checked: int = 0
    findings: list[Finding] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    @property
    def left(self) -> list[Finding]:
        return [one for one in self.findings if not one.is_mended]

    @property
    def counts(self) -> dict[str, int]:
        """By kind, the mended ones too."""
        return dict(sorted(Counter(one.kind for one in self.findings).items()))

    def add(self, other: "Report") -> None:
        self.checked += other.checked
        self.findings += other.findings
        self.waiting += other.waiting
