"""dj-stripe's tables: a copy of Stripe's objects, for reading and joining.

dj-stripe asks Stripe for what an object refers to while it stores it, inside its transaction and with the
key that it keeps in a table. Here it gets neither network nor key: its requests are answered with what was
fetched before. What is missing ends the attempt; it is fetched outside the transaction, and the next
attempt has it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import stripe
from django.apps import apps
from django.db.models import Manager
from django.db.models.signals import post_save
from django.utils import timezone
from djstripe.managers import StripeModelManager
from djstripe.models.base import StripeModel

# What dj-stripe takes for a key.
NO_KEY = "sk_test_keptFromDjstripe"
Answers = dict[str, tuple[str, int]]
# None: dj-stripe has nothing to ask.
_answers: ContextVar[Answers | None] = ContextVar("answers", default=None)
# Rows by model and id as they are in the transaction, None for what is not there.
Rows = dict[tuple[type, str], Any]
_rows: ContextVar[Rows | None] = ContextVar("rows", default=None)

# Stripe's own entitlements, for which dj-stripe asks with each product. Ours are not there.
UNUSED = re.compile(r"/v1/products/[^/]+/features")
NOTHING = '{"object": "list", "data": [], "has_more": false, "url": ""}'
# What customers paid with before there were payment methods.
NOT_EXPANDED = ("default_source", "sources")

# Models of dj-stripe that billing has a use for.
MIRRORED = (
    *("Customer", "PaymentMethod", "TaxId"),
    *("Product", "Price", "Coupon", "PromotionCode", "TaxRate"),
    *("Subscription", "SubscriptionSchedule"),
    *("Invoice", "InvoiceItem"),
    *("SetupIntent", "PaymentIntent", "Charge", "Refund", "Dispute", "Session"),
)


class Wanted(BaseException):
    """dj-stripe asked for something that is not fetched yet. path: with its query.

    No Exception: dj-stripe goes on after those, here and there.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)


class Prefetched(stripe.HTTPClient):
    """What dj-stripe takes for the network."""

    name: ClassVar[str] = "prefetched"

    def request(
        self, method: str, url: str, headers: Any, post_data: Any = None, **_options: Any
    ) -> tuple[str, int, dict[str, str]]:
        answers = _answers.get()
        if answers is None or method != "get":
            raise RuntimeError("dj-stripe reads only, and only while the inbox lets it")
        parts = urlsplit(url)
        if UNUSED.fullmatch(parts.path):
            return NOTHING, 200, {}
        query = urlencode([pair for pair in parse_qsl(parts.query) if pair[1] not in NOT_EXPANDED])
        path = f"{parts.path}?{query}" if query else parts.path
        if path not in answers:
            raise Wanted(path)
        body, status = answers[path]
        return body, status, {}

    def close(self) -> None:
        """Nothing is open."""


def install() -> None:
    """Stripe's global client is dj-stripe's; ours is the gateway's.

    There is one account, so no row says whose it is: dj-stripe would look that up for each object, by the
    key, of which it would keep a copy. A quarter of its work.
    """
    stripe.default_http_client = Prefetched()
    stripe.api_base = "https://prefetched.invalid"
    StripeModel._find_owner_account = classmethod(lambda *_arguments, **_options: None)
    StripeModelManager.get = _get_row
    StripeModel._create_from_stripe_object = classmethod(_create)
    post_save.connect(_note_saved, dispatch_uid="billing.mirror")


@contextmanager
def answering(answers: Answers) -> Iterator[None]:
    """Around one transaction: dj-stripe reads from `answers`, and each row once."""
    asked, known = _answers.set(answers), _rows.set({})
    try:
        yield
    finally:
        _answers.reset(asked)
        _rows.reset(known)


def _get_row(manager: Any, *arguments: Any, **wanted: Any) -> Any:
    """dj-stripe looks for a row twice before it makes it, and for a customer's with all that is hers."""
    rows = _rows.get()
    if rows is None or arguments or wanted.keys() != {"id"}:
        return Manager.get(manager, *arguments, **wanted)
    key = (manager.model, wanted["id"])
    if key not in rows:
        rows[key] = None
        rows[key] = Manager.get(manager, **wanted)
    if rows[key] is None:
        raise manager.model.DoesNotExist
    return rows[key]


def _note_saved(sender: type, instance: Any, **_signal: Any) -> None:
    rows = _rows.get()
    if rows is not None and isinstance(instance, StripeModel):
        rows[sender, instance.id] = instance


_create_row: Any = StripeModel._create_from_stripe_object.__func__


def _create(model: type[StripeModel], *arguments: Any, **options: Any) -> Any:
    """What fails is undone to a savepoint, and dj-stripe goes on: nothing is known of any row then."""
    try:
        return _create_row(model, *arguments, **options)
    except BaseException:
        rows = _rows.get()
        if rows is not None:
            rows.clear()
        raise


def model_of(object_type: str) -> Any:
    """dj-stripe's model for `object` of Stripe's objects, None for what is not mirrored."""
    for name in MIRRORED:
        model: Any = apps.get_model("djstripe", name)
        if object_type == model.stripe_class.OBJECT_NAME:
            return model
    return None


def store(current: dict[str, Any]) -> None:
    """Make the copy say what Stripe says. In the caller's transaction, within `answering`. Raises Wanted."""
    model = model_of(current["object"])
    if model is not None:
        data = model.stripe_class.construct_from(current, NO_KEY)
        model.sync_from_stripe_data(data, api_key=NO_KEY)


def copy_of(object_type: str, object_id: str) -> dict[str, Any] | None:
    """What Stripe said of it last, None for what was never stored. One statement."""
    rows = model_of(object_type).objects.filter(id=object_id)
    found: dict[str, Any] | None = rows.values_list("stripe_data", flat=True).first()
    return None if found is None or found.get("deleted") else found


def mark_deleted(object_type: str, object_id: str) -> None:
    """The row stays: others refer to it, and what was billed does not change."""
    model = model_of(object_type)
    row = model and model.objects.filter(id=object_id).first()
    if not row:
        return
    row.stripe_data["deleted"] = True
    if hasattr(row, "date_purged"):
        row.date_purged = row.date_purged or timezone.now()
    row.save()


def models_of_customers() -> list[tuple[Any, str]]:
    """Models with rows of one customer, and the field that says whose; the customers' own last."""
    customer: Any = apps.get_model("djstripe", "Customer")
    named = [
        (model, "customer__id")
        for model in apps.get_app_config("djstripe").get_models()
        if any(f.name == "customer" and f.related_model is customer for f in model._meta.fields)
    ]
    return [*named, (customer, "id")]
