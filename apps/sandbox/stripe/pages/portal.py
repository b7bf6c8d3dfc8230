"""The customer portal. Who has the address of a session is its customer; nothing of another's is found."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.sandbox.stripe import internal, payment_methods, setups
from apps.sandbox.stripe.cards import card_of
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.pages import portal_subscriptions, shared
from apps.sandbox.stripe.pages.forms import EXPLAINED, BillingForm, CardForm, TaxIdForm
from apps.sandbox.stripe.registry import Json
from apps.sandbox.stripe.resources.portal import CONFIGURATION, SESSION


@require_safe
def home(request: HttpRequest, session_id: str) -> HttpResponse:
    """A session with a flow begins on its page."""
    with shared.opened(request, SESSION, session_id) as (ctx, session):
        if session["flow"] and "home" not in request.GET:
            return redirect(portal_subscriptions.flow_page(session))
        customer = ctx.get("customer", session["customer"])
        owner = {"customer": customer["id"]}
        configuration = ctx.get(CONFIGURATION, session["configuration"])
        context = {
            "account": ctx.account,
            "customer": customer,
            "default": customer["invoice_settings"]["default_payment_method"],
            "features": configuration["features"],
            "invoices": internal.listed(ctx, "/v1/invoices", owner),
            "methods": internal.listed(ctx, f"/v1/customers/{customer['id']}/payment_methods"),
            "profile": configuration["business_profile"],
            "session": session,
            "subscriptions": portal_subscriptions.shown(ctx, customer["id"]),
            "tax_ids": internal.listed(ctx, f"/v1/customers/{customer['id']}/tax_ids"),
        }
        return shared.page(request, "portal", context)


@require_http_methods(["GET", "HEAD", "POST"])
def card(request: HttpRequest, session_id: str) -> HttpResponse:
    """A card that becomes the one that invoices are charged to."""
    with shared.opened(request, SESSION, session_id) as (ctx, session):
        _require(ctx, session, "payment_method_update")
        form = CardForm(request.POST if request.method == "POST" else None)
        error = ""
        if request.method == "POST" and form.is_valid():
            setup, error = shared.attempt(lambda: _add_card(request, ctx, session, form))
            if setup is not None and setup["status"] == "requires_action":
                return redirect(setup["next_action"]["redirect_to_url"]["url"])
            if setup is not None:
                messages.success(request, "The card is saved, and the one that you pay with.")
                return portal_subscriptions.done(session)
        context = {
            "account": ctx.account,
            "cards": EXPLAINED,
            "error": error,
            "form": form,
            "session": session,
        }
        return _form_page(request, "portal_card", context, form, session)


def _add_card(request: HttpRequest, ctx: Context, session: Json, form: CardForm) -> Json:
    customer = ctx.get("customer", session["customer"])
    entered = form.entered(customer["email"] or "")
    given = {"exp_month": entered.exp_month, "exp_year": entered.exp_year, "cvc": entered.cvc}
    billing = entered.billing | {"email": customer["email"]}
    method = payment_methods.make(
        ctx, card_of(entered.number), {"card": given, "billing_details": billing}
    )
    back = request.build_absolute_uri(reverse("sandbox_stripe_portal", args=[session["id"]]))
    setup = setups.make(
        ctx,
        setups.blank(customer["id"]) | {"_makes_default": True, "_return_url": f"{back}?home"},
    )
    setup, error = setups.confirm(ctx, setup, method["id"])
    if error is not None:
        raise error
    return setup


@require_http_methods(["GET", "HEAD", "POST"])
def billing(request: HttpRequest, session_id: str) -> HttpResponse:
    """Name, e-mail and address."""
    with shared.opened(request, SESSION, session_id) as (ctx, session):
        _require(ctx, session, "customer_update")
        customer = ctx.get("customer", session["customer"])
        known = (customer["address"] or {}) | {"name": customer["name"], "email": customer["email"]}
        form = BillingForm(request.POST if request.method == "POST" else None, initial=known)
        if request.method == "POST" and form.is_valid():
            data = {name: value or None for name, value in form.cleaned_data.items()}
            changes = {"name": data.pop("name"), "email": data.pop("email"), "address": data}
            internal.call(ctx, "POST", f"/v1/customers/{customer['id']}", changes)
            messages.success(request, "Your billing information is saved.")
            return _home(session)
        context = {"account": ctx.account, "form": form, "session": session}
        return _form_page(request, "portal_billing", context, form, session)


@require_http_methods(["GET", "HEAD", "POST"])
def tax_id(request: HttpRequest, session_id: str) -> HttpResponse:
    with shared.opened(request, SESSION, session_id) as (ctx, session):
        _require(ctx, session, "customer_update")
        form = TaxIdForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            given = {"type": data["tax_id_type"], "value": data["tax_id"]}
            path = f"/v1/customers/{session['customer']}/tax_ids"
            made, error = shared.attempt(lambda: internal.call(ctx, "POST", path, given))
            if made is not None:
                messages.success(request, "The tax ID is saved.")
                return _home(session)
            form.add_error("tax_id", error)
        context = {"account": ctx.account, "form": form, "session": session}
        return _form_page(request, "portal_tax_id", context, form, session)


@require_POST
def act(request: HttpRequest, session_id: str) -> HttpResponse:
    """`default` and `remove` of a card, `remove_tax_id`, `resume` of a subscription; `id` says which."""
    with shared.opened(request, SESSION, session_id) as (ctx, session):
        acts = {
            "default": ("payment_method_update", _set_default, "You pay with this card now."),
            "remove": ("payment_method_update", _remove_card, "The card is removed."),
            "remove_tax_id": ("customer_update", _remove_tax_id, "The tax ID is removed."),
            "resume": (
                "subscription_cancel",
                portal_subscriptions.resume,
                "Your subscription goes on.",
            ),
        }
        found = acts.get(request.POST.get("act", ""))
        if found is None:
            raise Http404
        feature, do, told = found
        _require(ctx, session, feature)
        object_id = request.POST.get("id", "")
        after, error = shared.attempt(lambda: do(ctx, session, object_id))
        if after is None:
            messages.error(request, error)
        else:
            messages.success(request, told)
        return _home(session)


def _own_card(ctx: Context, session: Json, method_id: str) -> Json:
    path = f"/v1/customers/{session['customer']}/payment_methods/{method_id}"
    return internal.call(ctx, "GET", path)


def _set_default(ctx: Context, session: Json, method_id: str) -> Json:
    settings = {"default_payment_method": _own_card(ctx, session, method_id)["id"]}
    path = f"/v1/customers/{session['customer']}"
    return internal.call(ctx, "POST", path, {"invoice_settings": settings})


def _remove_card(ctx: Context, session: Json, method_id: str) -> Json:
    return payment_methods.detach(ctx, _own_card(ctx, session, method_id))


def _remove_tax_id(ctx: Context, session: Json, found_id: str) -> Json:
    path = f"/v1/customers/{session['customer']}/tax_ids/{found_id}"
    return internal.call(ctx, "DELETE", path)


def _require(ctx: Context, session: Json, feature: str) -> None:
    if not ctx.get(CONFIGURATION, session["configuration"])["features"][feature]["enabled"]:
        raise Http404


def _home(session: Json) -> HttpResponse:
    return redirect(reverse("sandbox_stripe_portal", args=[session["id"]]) + "?home")


def _form_page(
    request: HttpRequest, template: str, context: dict[str, Any], form: Any, session: Json
) -> HttpResponse:
    is_bad = request.method == "POST" and bool(form.errors or context.get("error"))
    leads_to = portal_subscriptions.return_url(session)
    return shared.page(request, template, context, leads_to=leads_to, status=422 if is_bad else 200)
