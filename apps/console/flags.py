"""Feature flags: what is on for whom, and deciding it. No model's pages, as code declares them."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from apps.adoption.enums import FlagMode
from apps.adoption.flag_rules import Reach
from apps.adoption.flag_services import flag_preview, flag_set, flag_tenant_set
from apps.adoption.models import FlagRule
from apps.billing.models import Plan
from apps.common import flags
from apps.common.errors import PlatformError
from apps.common.flags import By, Flag
from apps.console import rendering as r
from apps.console.acts import Act, ActForm, ReasonForm, show_errors, staff_actor
from apps.console.pages import Cell, Facts, Section, Table
from apps.tenants.models import Tenant

DECIDE = Act(
    name="decide",
    label="Decide",
    icon="tune",
    available=lambda _flag: True,
    explain=lambda _flag: ["In force everywhere within a second."],
    run=lambda actor, flag, data: flag_set(
        actor=actor,
        code=flag.code,
        mode=data["mode"],
        percent=data["percent"] or 0,
        plans=data["plans"],
        reason=data["reason"],
    ),
    done=lambda flag: f"{flag.code} is decided.",
)
TENANT = Act(
    name="tenant",
    label="One tenant",
    icon="domain",
    available=lambda _flag: True,
    explain=lambda _flag: ["For this one, whatever holds for the others."],
    run=lambda actor, flag, data: flag_tenant_set(
        actor=actor,
        code=flag.code,
        tenant_id=data["tenant"].id,
        is_on=TENANT_CHOICES[data["choice"]][1],
        reason=data["reason"],
    ),
    done=lambda flag: f"{flag.code} is decided for the tenant.",
)
TENANT_CHOICES: dict[str, tuple[str, bool | None]] = {
    "on": ("On", True),
    "off": ("Off", False),
    "rest": ("As for the others", None),
}


class DecideForm(ReasonForm):
    """seen: what was shown of the reach, and is agreed to by sending it again."""

    mode = forms.ChoiceField(label="On for", choices=FlagMode.choices)
    percent = forms.IntegerField(
        label="Percent",
        min_value=0,
        max_value=100,
        required=False,
        help_text="Of the rest. Who has it keeps it when this grows.",
    )
    plans = forms.MultipleChoiceField(
        label="Plans",
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text="More than one with Ctrl or Cmd; Ctrl-click takes one out.",
        choices=lambda: list(Plan.objects.order_by("code").values_list("code", "name")),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("mode", "plans", "percent", "reason")


class TenantForm(ReasonForm):
    tenant = forms.ModelChoiceField(
        Tenant.objects.none(), to_field_name="slug", label="Tenant", widget=forms.TextInput
    )
    choice = forms.ChoiceField(
        label="The flag is", choices=[(name, words) for name, (words, _) in TENANT_CHOICES.items()]
    )
    field_order = ("tenant", "choice", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["tenant"]
        field.queryset = Tenant.objects.all()
        field.help_text = "Its address, such as acme."
        field.error_messages["invalid_choice"] = "There is no tenant with this address."


def flags_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """context: of the console's frame. One statement, and the state of the breakers."""
    rows = {row.code: row for row in FlagRule.objects.all()}
    degraded = flags.degraded_now()
    table = Table(
        "Declared by code",
        ("Flag", "What", "On for", "Now", "Set"),
        [
            (
                r.link(reverse("admin:flag", args=[code]), code),
                str(flag.label),
                _words(flag, rows.get(code)),
                _badge(flag, degraded),
                r.when(rows[code].updated_at) if code in rows else r.NONE,
            )
            for code, flag in flags.flags().items()
        ],
        "No app declares a flag.",
    )
    gone = sorted(rows.keys() - flags.flags().keys())
    sections: list[Section] = [table]
    if gone:
        sections.append(
            Table(
                "No longer declared",
                ("Flag", "Last reason"),
                [(r.code(code), rows[code].reason) for code in gone],
                "",
            )
        )
    lead = "What is on for whom, apart from what is deployed."
    return _detail(request, context, "Flags", sections, lead=lead)


def flag_view(request: HttpRequest, context: dict[str, Any], code: str) -> HttpResponse:
    """Three statements."""
    flag = _flag(code)
    row = FlagRule.objects.filter(code=code).first()
    facts = Facts(
        "Facts",
        [
            ("What", str(flag.description)),
            ("On for", _words(flag, row)),
            ("Where nothing is decided", "On" if flag.default else "Off"),
            ("A share is of", "tenants" if flag.by is By.TENANT else "people"),
            (
                "Off while this is away",
                r.code(flag.degrades_with) if flag.degrades_with else r.NONE,
            ),
            ("Programs may list it", r.yes_no(flag.is_for_clients)),
            ("Last set", r.when(row.updated_at) if row else r.NONE),
            ("Set by", row.actor if row else r.NONE),
            ("Reason", row.reason if row else r.NONE),
        ],
    )
    acts = [
        {"act": act, "url": reverse(f"admin:flag_{act.name}", args=[code])}
        for act in (DECIDE, TENANT)
    ]
    return _detail(
        request,
        context,
        code,
        [facts, _named(row)],
        lead=str(flag.label),
        badges=[_badge(flag, flags.degraded_now())],
        acts=acts,
    )


def flag_decide_view(request: HttpRequest, context: dict[str, Any], code: str) -> HttpResponse:
    """What is sent first comes back with whom it reaches, and is done when it is sent again."""
    flag = _flag(code)
    row = FlagRule.objects.filter(code=code).first()
    begin = {"mode": row.mode, "percent": row.percent, "plans": row.plans} if row else {}
    form = DecideForm(request.POST if request.method == "POST" else None, initial=begin, obj=flag)
    explain = list(DECIDE.explain(flag))
    if form.is_valid():
        data = form.cleaned_data
        reach = flag_preview(
            staff_actor(request),
            code=code,
            mode=data["mode"],
            percent=data["percent"] or 0,
            plans=data["plans"],
        )
        agreed = f"{data['mode']} {data['percent']} {sorted(data['plans'])} {reach}"
        if data["seen"] == agreed:
            done = _done(request, form, DECIDE)
            return done or _form(request, context, DECIDE, form, explain)
        posted = request.POST.copy()
        posted["seen"] = agreed
        form, explain = DecideForm(posted, obj=flag), [_reach_words(flag, reach), *explain]
    return _form(request, context, DECIDE, form, explain)


def flag_tenant_view(request: HttpRequest, context: dict[str, Any], code: str) -> HttpResponse:
    """The query may propose a tenant."""
    flag = _flag(code)
    form = TenantForm(
        request.POST if request.method == "POST" else None,
        initial={"tenant": request.GET.get("tenant", "")},
        obj=flag,
    )
    done = _done(request, form, TENANT) if form.is_valid() else None
    return done or _form(request, context, TENANT, form, TENANT.explain(flag))


def _done(request: HttpRequest, form: ActForm, act: Act) -> HttpResponse | None:
    """None where the service named what is wrong with a field."""
    try:
        act.run(staff_actor(request), form.obj, form.cleaned_data)
    except PlatformError as error:
        if not show_errors(form, error):
            raise
        return None
    messages.success(request, act.done(form.obj))
    return redirect(reverse("admin:flag", args=[form.obj.code]))


def _form(
    request: HttpRequest,
    context: dict[str, Any],
    act: Act,
    form: ActForm,
    explain: Sequence[str],
) -> HttpResponse:
    page = {
        "title": act.label,
        "heading": f"{act.label}: {form.obj.code}",
        "act": act,
        "explain": explain,
        "form": form,
        "back": reverse("admin:flag", args=[form.obj.code]),
    }
    return TemplateResponse(request, "console/act.html", {**context, **page})


def _detail(
    request: HttpRequest,
    context: dict[str, Any],
    heading: str,
    sections: Sequence[Section],
    **more: Any,
) -> HttpResponse:
    page = {"title": heading, "heading": heading, "sections": sections, **more}
    return TemplateResponse(request, "console/detail.html", {**context, **page})


def _flag(code: str) -> Flag:
    found = flags.flags().get(code)
    if found is None:
        raise Http404
    return found


def _words(flag: Flag, row: FlagRule | None) -> str:
    if row is None or row.mode == FlagMode.AS_DECLARED:
        words = "Everybody" if flag.default else "Nobody"
    elif row.mode == FlagMode.TARGETED:
        parts = [f"{row.percent} % of {'tenants' if flag.by is By.TENANT else 'people'}"]
        parts += [f"the plan {plan}" for plan in row.plans]
        words = ", ".join(parts)
    else:
        words = "Everybody" if row.mode == FlagMode.ON else "Nobody"
    if row is not None and (row.on or row.off):
        words += f"; otherwise for {len(row.on) + len(row.off)} tenants"
    return words


def _badge(flag: Flag, degraded: frozenset[str]) -> SafeString:
    if flag.degrades_with in degraded:
        return r.badge(f"Off: {flag.degrades_with} is away", "bad")
    return r.badge("As decided", "good")


def _named(row: FlagRule | None) -> Table:
    chosen = {**dict.fromkeys(row.on, "On"), **dict.fromkeys(row.off, "Off")} if row else {}
    tenants = Tenant.objects.filter(id__in=chosen).order_by("slug") if chosen else []
    rows: list[Sequence[Cell]] = []
    for tenant in tenants:
        change = f"{reverse('admin:flag_tenant', args=[row.code])}?tenant={tenant.slug}"  # type: ignore[union-attr]
        rows.append((r.link_to(tenant), chosen[tenant.id], r.link(change, "Change")))
    return Table("Decided for single tenants", ("Tenant", "Flag", ""), rows, "None is named.")


def _reach_words(flag: Flag, reach: Reach) -> str:
    share = (
        "" if flag.by is By.TENANT else " (for a share of the people, where it is one of people)"
    )
    return (
        f"Look again: it would be on in {reach.after:,} of {reach.tenants:,} tenants that are ready{share}; "
        f"it is on in {reach.before:,} now. Send it once more to do it."
    )
