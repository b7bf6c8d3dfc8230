"""The providers' page: who is known, which keys sign, and what they are told to do wrong."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.sandbox.oidc import logout, misbehaviour, state
from apps.sandbox.oidc.views import base_url


class MisbehaveForm(forms.Form):
    misbehave = forms.CharField(
        label="Misbehaviour",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_misbehave(self) -> list[str]:
        names = str(self.cleaned_data["misbehave"]).replace(",", " ").split()
        unknown = [name for name in names if name not in misbehaviour.ALL]
        if unknown:
            raise forms.ValidationError(f"There is no {unknown[0]}.", code="invalid")
        return names


@require_safe
def providers(request: HttpRequest) -> HttpResponse:
    return _page(request, {})


@require_POST
def misbehave(request: HttpRequest, slug: str) -> HttpResponse:
    """What a provider does wrong from now on; nothing: it behaves."""
    _require(slug)
    form = MisbehaveForm(request.POST, auto_id=f"id_{slug}_%s")
    if not form.is_valid():
        return _page(request, {slug: form}, status=422)
    state.change(slug, misbehave=form.cleaned_data["misbehave"])
    messages.success(
        request, "It misbehaves as told." if form.cleaned_data["misbehave"] else "It behaves."
    )
    return redirect("sandbox_oidc")


@require_POST
def rotate(request: HttpRequest, slug: str) -> HttpResponse:
    """Another key signs. `alg`: RS256 or ES256. `drop`: the old keys go at once."""
    _require(slug)
    alg = "ES256" if request.POST.get("alg") == "ES256" else "RS256"
    state.rotate(slug, alg=alg, keep="drop" not in request.POST)
    messages.success(request, f"Another {alg} key signs.")
    return redirect("sandbox_oidc")


@require_POST
def sign_out(request: HttpRequest, slug: str) -> HttpResponse:
    """Tell the clients by back-channel that a person (`sub`) signed out."""
    found = _require(slug)
    person = found.person(request.POST.get("sub", ""))
    if person is None:
        raise Http404
    statuses = logout.send(found, base_url(request, slug), sub=person.sub)
    messages.success(
        request, f"{person.name} signed out; clients answered {', '.join(map(str, statuses))}."
    )
    return redirect("sandbox_oidc")


def _require(slug: str) -> state.Issuer:
    found = state.issuer(slug)
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest, forms_: dict[str, MisbehaveForm], status: int = 200
) -> HttpResponse:
    shown = [
        {
            "issuer": found,
            "base": base_url(request, found.slug),
            "client": found.clients[0],
            "form": forms_.get(found.slug)
            or MisbehaveForm(
                initial={"misbehave": " ".join(found.misbehave)}, auto_id=f"id_{found.slug}_%s"
            ),
        }
        for found in state.issuers()
    ]
    context = {"shown": shown, "known": sorted(misbehaviour.ALL)}
    return render(request, "sandbox/oidc/providers.html", context, status=status)
