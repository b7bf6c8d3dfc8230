"""Buying credits: packs on Stripe's page, and by themselves when the wallet is low."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.redirects import leave_for
from apps.billing.customers import billing_customer_for
from apps.billing.models import CreditPack, CreditPurchase, PackPrice
from apps.billing.selectors import pack_prices_public, packs_public
from apps.billing.services.purchases import MOST_PACKS
from apps.common.access import allows, authorize
from apps.common.database import system_connection
from apps.common.errors import (
    InvalidInput,
    NotFound,
    PermissionDenied,
    PlatformError,
    ReauthenticationRequired,
)
from apps.common.money import Money, money_precise
from apps.credits.amounts import MICROCREDITS, credits_format
from apps.credits.permissions import BUY_CREDITS, VIEW_CREDITS
from apps.credits.selectors_buying import TopUp, auto_top_up_of, purchases_for
from apps.credits.services.buying import (
    auto_top_up_resume,
    auto_top_up_set,
    packs_checkout_begin,
)
from apps.portal.forms.credits_buying import AutoTopUpForm
from apps.portal.http import WorkspaceRequest, step_up, workspace_page

STATES = {"open": "", "paid": "success", "failed": "danger"}
# What the service names otherwise.
FIELDS = {"alert_below_microcredits": "below", "monthly_cap_minor": "cap"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A pack in a currency. price: None where it has none in it."""

    pack: CreditPack
    price: PackPrice | None

    @property
    def credits(self) -> str:
        return credits_format(self.pack.credits_microcredits)

    @property
    def amount(self) -> str:
        return self.price.money.format(whole=True) if self.price else _("On request")

    @property
    def each(self) -> str:
        """What one credit costs, exactly enough to compare."""
        if self.price is None:
            return ""
        per = self.price.money.amount * MICROCREDITS / Decimal(self.pack.credits_microcredits)
        return money_precise(per, self.price.currency)


@dataclass(frozen=True, slots=True)
class Bought:
    row: CreditPurchase

    @property
    def tone(self) -> str:
        return STATES[self.row.state]

    @property
    def credits(self) -> str:
        return credits_format(self.row.credits_microcredits)

    @property
    def money(self) -> Money:
        return self.row.paid if self.row.state == "paid" else self.row.money

    @property
    def returned(self) -> Money | None:
        minor = self.row.returned_minor
        return Money(minor, self.row.currency) if minor else None


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def buy(request: WorkspaceRequest) -> HttpResponse:
    """Packs in a currency (`currency`), and what was bought. POST: to Stripe's page."""
    authorize(request.actor, VIEW_CREDITS)
    if request.method == "POST":
        return _checkout(request)
    packs = packs_public()
    currencies = _currencies(request, packs)
    wanted = request.GET.get("currency", "")
    currency = wanted if wanted in currencies else next(iter(currencies), "")
    context = {
        "offers": [_offer(pack, currency) for pack in packs],
        "currencies": currencies,
        "currency": currency,
        "most": MOST_PACKS,
        "bought": [Bought(row) for row in purchases_for(request.actor)],
        "is_bought": request.GET.get("bought") == "yes",
        "can_buy": allows(request.actor, BUY_CREDITS),
    }
    return render(request, "portal/credits/buy.html", context)


@step_up
def _checkout(request: WorkspaceRequest) -> HttpResponse:
    def ask() -> HttpResponse:
        page = packs_checkout_begin(
            actor=request.actor,
            tenant=request.tenant,
            pack=request.POST.get("pack", ""),
            currency=request.POST.get("currency", ""),
            quantity=_number(request.POST.get("quantity", "")),
            email=request.user.email,
        )
        return leave_for(page.url)

    return _asking(request, "credits-buy", ask)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
def auto_top_up(request: WorkspaceRequest) -> HttpResponse:
    """The setting, why it is paused, and what it bought. What may cost money is confirmed first."""
    found, prices = auto_top_up_of(request.actor), pack_prices_public()
    form = AutoTopUpForm(
        request.POST or None,
        packs=list(dict.fromkeys(one.pack for one in prices)),
        currencies=_choice({one.currency for one in prices}, found.paid_in),
        initial=_initial(found),
    )
    asked: dict[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        try:
            wished = form.wished()
            if not wished["is_on"] or request.POST.get("confirmed") == "yes":
                auto_top_up_set(actor=request.actor, tenant=request.tenant, **wished)
                messages.success(request, _("The setting is saved."))
                return redirect("credits-auto-top-up")
            asked = _asked(wished, prices)
        except (NotFound, PermissionDenied, ReauthenticationRequired):
            raise
        except PlatformError as error:
            _add_errors(form, error)
    context = {
        "found": found,
        "form": form,
        "asked": asked,
        "balance": credits_format(found.balance_microcredits),
        "bought": _bought(request, found),
    }
    return render(request, "portal/credits/auto_top_up.html", context)


@require_POST
@workspace_page
@step_up
def auto_top_up_go_on(request: WorkspaceRequest) -> HttpResponse:
    def ask() -> HttpResponse:
        auto_top_up_resume(actor=request.actor, tenant=request.tenant)
        messages.success(request, _("Credits are bought by themselves again."))
        return redirect("credits-auto-top-up")

    return _asking(request, "credits-auto-top-up", ask)


def _bought(request: WorkspaceRequest, found: TopUp) -> list[Bought]:
    if found.setting is None:
        return []
    return [Bought(row) for row in purchases_for(request.actor, only_automatic=True)]


def _asked(wished: dict[str, Any], prices: Sequence[PackPrice]) -> dict[str, Any]:
    """What may be charged, for who is to confirm it."""
    wanted = (wished["pack"], wished["currency"])
    price = next((one for one in prices if (one.pack.code, one.currency) == wanted), None)
    if price is None:
        raise InvalidInput.field("currency", _("The pack has no price in it."), "no_price")
    total = price.money * wished["quantity"]
    return {
        "pack": price.pack,
        "quantity": wished["quantity"],
        "total": total,
        "cap": Money(wished["monthly_cap_minor"], wished["currency"]),
        "times": wished["monthly_cap_minor"] // total.amount_minor,
        "below": credits_format(wished["alert_below_microcredits"] or 0),
    }


def _add_errors(form: AutoTopUpForm, error: PlatformError) -> None:
    """Beside the field that it is about, whatever the service calls that."""
    told = [(FIELDS.get(one.attr or "", one.attr), str(one.detail)) for one in error.errors]
    for attr, detail in told or [(None, str(error.detail))]:
        form.add_error(attr if attr in form.fields else None, detail)


def _initial(found: TopUp) -> dict[str, Any]:
    row, below = found.setting, found.alert_below_microcredits
    initial: dict[str, Any] = {"quantity": 1}
    if below is not None:
        initial["below"] = (Decimal(below) / MICROCREDITS).normalize().__format__("f")
    if row is not None:
        initial |= {
            "is_on": row.is_on,
            "pack": row.pack.code,
            "quantity": row.quantity,
            "currency": row.currency,
            "cap": f"{row.cap.amount:f}",
        }
    return initial


@system_connection()
def _paid_in(request: WorkspaceRequest) -> str:
    customer = billing_customer_for(request.actor, request.tenant.id)
    return customer.currency.upper() if customer else ""


def _currencies(request: WorkspaceRequest, packs: Sequence[CreditPack]) -> list[str]:
    return _choice(
        {price.currency for pack in packs for price in pack.prices.all()}, _paid_in(request)
    )


def _choice(known: set[str], paid_in: str) -> list[str]:
    """Only the one that the workspace pays in, where it pays already."""
    return [paid_in] if paid_in in known else sorted(known)


def _offer(pack: CreditPack, currency: str) -> Offer:
    prices = {price.currency: price for price in pack.prices.all()}
    return Offer(pack, prices.get(currency))


def _number(text: str) -> int:
    """0 for what is none, which the service refuses."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def _asking(request: WorkspaceRequest, back: str, ask: Any) -> HttpResponse:
    """What Stripe or the state of things refuses is said on the page that it was asked from."""
    authorize(request.actor, BUY_CREDITS)
    try:
        answer: HttpResponse = ask()
    except (NotFound, PermissionDenied, ReauthenticationRequired):
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
        return redirect(back)
    return answer
