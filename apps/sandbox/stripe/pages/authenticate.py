"""3-D Secure: the page on which a customer shows their bank that it is them, or does not."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_http_methods

from apps.sandbox.stripe import checkout, payments, setups
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.pages import shared
from apps.sandbox.stripe.pages.checkout import success_url
from apps.sandbox.stripe.registry import Json, kind_of_id, load

KINDS = (payments.INTENT, setups.SETUP, checkout.KIND)


@require_http_methods(["GET", "HEAD", "POST"])
def authenticate(request: HttpRequest, object_id: str) -> HttpResponse:
    """POST `outcome`: complete or fail. An intent's address has its client_secret; a session's id is one."""
    load()
    kind = kind_of_id(object_id, "")
    if kind not in KINDS:
        raise Http404
    with shared.opened(request, kind, object_id) as (ctx, found):
        secret = request.GET.get("client_secret", "")
        if kind != checkout.KIND and not constant_time_compare(secret, found["client_secret"]):
            raise Http404
        back = found["success_url"] if kind == checkout.KIND else found.get("_return_url") or ""
        is_waiting = _is_waiting(found)
        if request.method == "POST" and is_waiting:
            return _answer(request, ctx, found, success=request.POST.get("outcome") == "complete")
        context = {"account": ctx.account, "found": found, "is_waiting": is_waiting, "back": back}
        return shared.page(request, "authenticate", context, leads_to=back)


def _is_waiting(found: Json) -> bool:
    if found["object"] == checkout.KIND:
        return found["status"] == "open" and bool(found["_method"])
    return bool(found["status"] == "requires_action")


def _answer(request: HttpRequest, ctx: Context, found: Json, *, success: bool) -> HttpResponse:
    if found["object"] == checkout.KIND:
        return _answer_session(ctx, found, success=success)
    act = payments.authenticated if found["object"] == payments.INTENT else setups.authenticated
    after, error = act(ctx, found, success=success)
    back = after.get("_return_url")
    if not back:
        return redirect(request.get_full_path())
    name = after["object"]
    told = {name: after["id"], f"{name}_client_secret": after["client_secret"]}
    told["redirect_status"] = "failed" if error else "succeeded"
    return redirect(shared.with_query(back, **told))


def _answer_session(ctx: Context, session: Json, *, success: bool) -> HttpResponse:
    page = reverse("sandbox_stripe_checkout", args=[session["id"]])
    if not success:
        ctx.save(session | {"_method": None})
        return redirect(f"{page}?unauthenticated")
    after, error = shared.attempt(
        lambda: checkout.complete(ctx, session, is_authenticated=True),
        keeps=session["mode"] == "payment",
    )
    if after is None:
        ctx.save(ctx.get(checkout.KIND, session["id"]) | {"_method": None, "_error": error})
        return redirect(page)
    return redirect(success_url(after))
