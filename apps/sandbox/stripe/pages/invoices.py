"""The hosted page of an invoice, and what finance prints. Who has the address may see and pay it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_http_methods, require_safe

from apps.sandbox.stripe import cards, collection, invoice_pdf, payment_methods
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.pages import shared
from apps.sandbox.stripe.pages.forms import EXPLAINED, CardForm
from apps.sandbox.stripe.registry import Json

NOT_AUTHENTICATED = "We are unable to authenticate your payment method. Please choose another one."
PAYABLE = ("open", "uncollectible")


@require_http_methods(["GET", "HEAD", "POST"])
def invoice_page(request: HttpRequest, invoice_id: str, token: str) -> HttpResponse:
    with shared.opened(request, "invoice", invoice_id) as (ctx, invoice):
        _check(invoice, token)
        form = CardForm(request.POST if request.method == "POST" else None)
        error = NOT_AUTHENTICATED if request.GET.get("redirect_status") == "failed" else ""
        if request.method == "POST" and invoice["status"] in PAYABLE and form.is_valid():
            after, error = shared.attempt(lambda: _pay(ctx, invoice, form))
            if after is not None:
                return redirect(_next(ctx, after))
        context = {
            "account": ctx.account,
            "balance": invoice["amount_due"] - max(invoice["total"], 0),
            "cards": EXPLAINED,
            "error": error,
            "form": form,
            "invoice": invoice,
            "invoice_lines": invoice["lines"]["data"],
            "is_payable": invoice["status"] in PAYABLE,
        }
        is_bad = request.method == "POST" and bool(error or form.errors)
        return shared.page(request, "invoice", context, status=422 if is_bad else 200)


def _check(found: Json, token: str) -> None:
    if not constant_time_compare(found.get("_token") or "", token) or not token:
        raise Http404


def _pay(ctx: Context, invoice: Json, form: CardForm) -> Json:
    """The card is kept with the customer. Raises CardError, with what the bank's refusal left."""
    entered = form.entered(invoice["customer_email"] or "")
    given = {"exp_month": entered.exp_month, "exp_year": entered.exp_year, "cvc": entered.cvc}
    details = {"card": given, "billing_details": entered.billing}
    method = payment_methods.make(ctx, cards.card_of(entered.number), details)
    method = payment_methods.attach(ctx, method, ctx.get("customer", invoice["customer"]))
    intent = collection.intent_of(ctx, invoice["id"])
    if intent is not None:
        ctx.save(intent | {"_return_url": invoice["hosted_invoice_url"]})
    invoice, error = collection.attempt(
        ctx, invoice, method["id"], off_session=False, is_by_hand=True
    )
    if error is not None:
        raise error
    return invoice


def _next(ctx: Context, invoice: Json) -> str:
    """Back to the page, by way of the bank's where that asks."""
    intent = collection.intent_of(ctx, invoice["id"])
    if intent is not None and intent["status"] == "requires_action":
        return str(intent["next_action"]["redirect_to_url"]["url"])
    return str(invoice["hosted_invoice_url"])


@require_safe
def invoice_pdf_file(request: HttpRequest, invoice_id: str, token: str) -> HttpResponse:
    with shared.opened(request, "invoice", invoice_id) as (ctx, invoice):
        _check(invoice, token)
        return _file(invoice_pdf.invoice_pdf(invoice, ctx.account.name), invoice["number"])


@require_safe
def credit_note_pdf_file(request: HttpRequest, note_id: str, token: str) -> HttpResponse:
    with shared.opened(request, "credit_note", note_id) as (ctx, note):
        _check(note, token)
        invoice = ctx.get("invoice", note["invoice"])
        return _file(invoice_pdf.credit_note_pdf(note, invoice, ctx.account.name), note["number"])


def _file(content: bytes, number: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{number}.pdf"'
    return response
