"""The hosted page of a checkout session."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from apps.sandbox.stripe import automatic_tax, checkout, payment_methods, pricing
from apps.sandbox.stripe.checkout import KIND
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.pages import shared
from apps.sandbox.stripe.pages.forms import EXPLAINED, CheckoutForm
from apps.sandbox.stripe.registry import Json

NOT_AUTHENTICATED = "We are unable to authenticate your payment method. Please choose another one."


@require_http_methods(["GET", "HEAD", "POST"])
def checkout_page(request: HttpRequest, session_id: str) -> HttpResponse:
    with shared.opened(request, KIND, session_id) as (ctx, session):
        if session["status"] != "open":
            return shared.page(
                request, "checkout_over", {"session": session, "account": ctx.account}
            )
        form = _form(ctx, session, request.POST if request.method == "POST" else None)
        error = session["_error"]
        if "unauthenticated" in request.GET:
            error = NOT_AUTHENTICATED
        if request.method == "POST" and "apply" in request.POST:
            return _apply(request, ctx, session)
        if request.method == "POST" and form.is_valid():
            answer, error = _pay(request, ctx, session, form)
            if answer is not None:
                return answer
        return _page(request, ctx, session, form, error)


def _form(ctx: Context, session: Json, data: Any) -> CheckoutForm:
    form = CheckoutForm(data)
    form.ask(
        email=_known_email(ctx, session),
        card=checkout.needs_card(session),
        address=session["billing_address_collection"] == "required",
        country=automatic_tax.is_on(session),
        tax_id=session["tax_id_collection"]["enabled"],
    )
    return form


def _known_email(ctx: Context, session: Json) -> str:
    if session["customer"]:
        return str(ctx.get("customer", session["customer"])["email"] or "")
    return str(session["customer_email"] or "")


def _apply(request: HttpRequest, ctx: Context, session: Json) -> HttpResponse:
    """A promotion code, beside the form."""
    code = request.POST.get("code", "").strip()
    _made, error = shared.attempt(lambda: checkout.promote(ctx, session, code))
    if not error:
        return redirect("sandbox_stripe_checkout", session["id"])
    context = {"code": code, "code_error": error}
    return _page(request, ctx, session, _form(ctx, session, None), "", **context)


def _pay(
    request: HttpRequest, ctx: Context, session: Json, form: CheckoutForm
) -> tuple[HttpResponse | None, str]:
    entered = form.entered(form.cleaned_data.get("email") or _known_email(ctx, session))

    def act() -> Json:
        begun, method = checkout.begin(ctx, session, entered)
        if method and payment_methods.needs_authentication(method, off_session=False):
            return begun
        return checkout.complete(ctx, begun)

    after, error = shared.attempt(act, keeps=session["mode"] == "payment")
    if after is None:
        return None, error
    if after["status"] == "open":
        return redirect("sandbox_stripe_authenticate", session["id"]), ""
    return redirect(success_url(after)), ""


def success_url(session: Json) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _then(recurring: list[Json]) -> int | None:
    """What each period costs; None where usage decides, or a coupon may."""
    is_metered = any(one["quantity"] is None for one in recurring)
    if is_metered or any(one["amount_discount"] for one in recurring):
        return None
    return sum(pricing.total(one["price"], one["quantity"]) for one in recurring)


def _page(
    request: HttpRequest,
    ctx: Context,
    session: Json,
    form: CheckoutForm,
    error: str,
    **more: Any,
) -> HttpResponse:
    is_bad = bool(error or form.errors or more) and request.method == "POST"
    recurring = [one for one in session["_lines"] if one["price"]["recurring"]]
    context = {
        "account": ctx.account,
        "cards": EXPLAINED,
        "email": _known_email(ctx, session),
        "error": error,
        "form": form,
        "needs_card": checkout.needs_card(session),
        "recurring": recurring,
        "session": session,
        # Templates see no name that begins with _.
        "session_lines": session["_lines"],
        "plus_tax": automatic_tax.is_on(session),
        "then": _then(recurring),
        "trial_days": session["_subscription_data"].get("trial_period_days"),
        **more,
    }
    status = 422 if is_bad else 200
    return shared.page(request, "checkout", context, leads_to=session["success_url"], status=status)
