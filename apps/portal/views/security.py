"""A person's security page on the public host: a list of sections, and the pages behind them."""

import json
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import urlencode

from allauth.mfa.adapter import get_adapter
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.socialaccount.adapter import get_adapter as social_adapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.enums import SignInMethod
from apps.accounts.factors import (
    factor_for,
    factor_remove,
    factor_rename,
    factors_of,
    passkey_add,
    recovery_codes_generate,
    totp_add,
    totp_setup,
)
from apps.accounts.methods import has_second_factor
from apps.accounts.mfa_forms import registered
from apps.accounts.proof import session_prove
from apps.accounts.redirects import is_safe_path
from apps.accounts.social import social_accounts_of
from apps.common.errors import PlatformError, ReauthenticationRequired
from apps.portal.forms.security import PasskeyForm, PasskeyNameForm, TotpForm
from apps.portal.http import PageRequest, add_errors, person_page, step_up
from apps.portal.sections import Section

# Where a person goes on to who was asked for a second factor on the way.
NEXT_KEY = "after_second_factor"


def _password(request: PageRequest) -> Section:
    return Section(
        "portal/security/_password.html", {"has_password": request.user.has_usable_password()}
    )


def _second_factors(request: PageRequest) -> Section:
    factors = factors_of(request.user.id)
    return Section(
        "portal/security/_second_factors.html",
        {"factors": factors, "code_count": settings.MFA_RECOVERY_CODE_COUNT},
    )


def _connections(request: PageRequest) -> Section:
    return Section(
        "portal/security/_connections.html",
        {
            "providers": [p.name for p in social_adapter(request).list_providers(request)],
            "count": social_accounts_of(request.user.id).count(),
        },
    )


def _sessions(_request: PageRequest) -> Section:
    return Section("portal/security/_sessions.html")


# In the order of the page.
SECTIONS: list[Callable[[PageRequest], Section]] = [
    _password,
    _second_factors,
    _connections,
    _sessions,
]


@require_safe
@person_page
def security(request: PageRequest) -> HttpResponse:
    context = {"sections": [section(request) for section in SECTIONS]}
    return render(request, "portal/security/index.html", context)


@require_safe
@person_page
def required(request: PageRequest) -> HttpResponse:
    """`?next=` wants a session with a second factor: set one up, or use the one that there is."""
    following = request.GET.get("next", "")
    if not is_safe_path(following):
        following = reverse("workspaces")
    if has_second_factor(request.actor.methods):
        return redirect(following)
    factors = factors_of(request.user.id)
    if factors.is_enabled:
        page = "mfa_reauthenticate" if factors.totp else "mfa_reauthenticate_webauthn"
        return redirect(f"{reverse(page)}?{urlencode({'next': following})}")
    request.session[NEXT_KEY] = following
    return render(request, "portal/security/required.html", {"following": following})


@require_http_methods(["GET", "HEAD", "POST"])
@person_page
@step_up
def totp(request: PageRequest) -> HttpResponse:
    """Set an authenticator app up: a picture and a secret for it, and a code as proof."""
    scope = str(request.session.session_key)
    form = TotpForm(request.POST or None)
    try:
        secret = totp_setup(actor=request.actor, person_id=request.user.id, scope=scope)
        if request.method == "POST" and form.is_valid():
            totp_add(
                actor=request.actor,
                person_id=request.user.id,
                scope=scope,
                code=form.cleaned_data["code"],
            )
            return _done(request, SignInMethod.TOTP, "The authenticator app is set up.")
    except ReauthenticationRequired:
        raise
    except PlatformError as error:
        if error.code == "totp_exists":
            messages.info(request, str(error.detail))
            return redirect("security")
        add_errors(form, error)
    adapter = get_adapter()
    url = adapter.build_totp_url(request.user, secret)
    context = {
        "form": form,
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "url": url,
        "picture": b64encode(adapter.build_totp_svg(url).encode()).decode(),
    }
    return render(request, "portal/security/totp.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@person_page
@step_up
def passkey_new(request: PageRequest) -> HttpResponse:
    """A passkey that verifies its user, so that it signs in by itself, too."""
    form = PasskeyForm(
        request.POST or None,
        initial={"name": get_adapter().generate_authenticator_name(request.user, "webauthn")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            registered(form.cleaned_data["credential"])
            passkey_add(actor=request.actor, person_id=request.user.id, **form.cleaned_data)
        except ReauthenticationRequired:
            raise
        except (PlatformError, ValidationError) as error:
            add_errors(form, error)
        else:
            return _done(request, SignInMethod.WEBAUTHN, "The passkey is added.")
    options = webauthn.begin_registration(request.user, passwordless=True)
    context = {"form": form, "options": json.dumps(options)}
    return render(
        request, "portal/security/passkey_new.html", context, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@person_page
@step_up
def passkey_rename(request: PageRequest, factor_id: int) -> HttpResponse:
    factor = factor_for(request.actor, factor_id)
    form = PasskeyNameForm(request.POST or None, initial={"name": str(factor)})
    if request.method == "POST" and form.is_valid():
        factor_rename(actor=request.actor, factor_id=factor_id, name=form.cleaned_data["name"])
        messages.success(request, "The passkey has another name.")
        return redirect("security")
    return render(
        request,
        "portal/security/passkey_rename.html",
        {"form": form, "factor": factor},
        status=422 if form.errors else 200,
    )


@require_POST
@person_page
@step_up
def remove(request: PageRequest, factor_id: int) -> HttpResponse:
    factor_remove(actor=request.actor, factor_id=factor_id)
    messages.success(request, "It is removed, and no longer signs you in.")
    return redirect("security")


@require_http_methods(["GET", "HEAD", "POST"])
@person_page
@step_up
def recovery_codes(request: PageRequest) -> HttpResponse:
    """The codes that are left; POST makes new ones."""
    if request.method == "POST":
        try:
            recovery_codes_generate(actor=request.actor, person_id=request.user.id)
        except ReauthenticationRequired:
            raise
        except PlatformError as error:
            messages.error(request, str(error.detail))
            return redirect("security")
        messages.success(request, "These are new; those of before no longer work.")
        return redirect("recovery_codes")
    recovery = factors_of(request.user.id).recovery
    if recovery is None:
        return redirect("security")
    context = {
        "codes": _readable(recovery),
        "following": request.session.get(NEXT_KEY, "") if "new" in request.GET else "",
    }
    return render(request, "portal/security/recovery_codes.html", context)


@require_safe
@person_page
@step_up
def recovery_codes_download(request: PageRequest) -> HttpResponse:
    recovery = factors_of(request.user.id).recovery
    if recovery is None:
        return redirect("security")
    lines = [f"Recovery codes of {request.user.email}", "", *_readable(recovery), ""]
    return HttpResponse(
        "\n".join(lines),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="recovery-codes.txt"'},
    )


def _readable(recovery: RecoveryCodes) -> list[str]:
    """The codes that are left, in two halves; spaces do not matter when one is entered."""
    return [f"{code[:5]} {code[5:]}" for code in recovery.get_unused_codes()]


def _done(request: PageRequest, method: SignInMethod, said: str) -> HttpResponse:
    """This session has the factor too; with the first one come recovery codes, which are shown now."""
    session_prove(request, {method})
    messages.success(request, said)
    return redirect(f"{reverse('recovery_codes')}?new=1")
