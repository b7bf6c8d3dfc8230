"""Plans and add-ons in the console: what is sold, in which versions."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.billing.models import AddOn, CreditPack, Plan, PlanVersion
from apps.billing.services import (
    plan_retire,
    version_discard,
    version_draft,
    version_publish,
    version_retire,
)
from apps.common.actors import Actor
from apps.common.errors import Conflict
from apps.console import rendering as r
from apps.console.acts import Act, ActForm
from apps.console.pages import ConsolePage, Facts, Section, Table
from apps.console.plan_terms import entitlements_table, prices_table, terms_read, terms_text

TONES = {"draft": "info", "published": "good", "retired": "quiet"}


def draft_of(plan: Any) -> PlanVersion | None:
    return plan.versions.filter(published_at=None).first()


def sold_of(plan: Any) -> PlanVersion | None:
    sold = plan.versions.filter(published_at__isnull=False, retired_at=None)
    return sold.order_by("-number").first()


class TermsForm(ActForm):
    prices = forms.CharField(
        label=_("Prices"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_("A line for each: EUR month 9.00 per-seat. None: on request."),
    )
    entitlements = forms.CharField(
        label=_("Includes"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text=_(
            "A line for each: organizations.seats 20 soft. Values: a number, on, off, unlimited."
        ),
    )
    trial_days = forms.IntegerField(
        label=_("Trial (days)"), required=False, min_value=0, max_value=365
    )
    credits = forms.IntegerField(
        label=_("Credits with each period"), required=False, min_value=0, max_value=10**9
    )
    rollover = forms.IntegerField(
        label=_("Of those left, at most so many roll over"),
        required=False,
        min_value=0,
        max_value=10**9,
    )

    def __init__(self, *args: Any, obj: Any = None, **kwargs: Any) -> None:
        begin = terms_text(sold_of(obj)) if obj is not None else {}
        kwargs["initial"] = {**begin, **(kwargs.get("initial") or {})}
        super().__init__(*args, obj=obj, **kwargs)


def _draft(actor: Actor, plan: Any, data: dict[str, Any]) -> None:
    version_draft(actor=actor, plan_id=plan.pk, terms=terms_read(data))


def _publish(actor: Actor, plan: Any, _data: dict[str, Any]) -> None:
    version_publish(actor=actor, plan_version_id=_there(draft_of(plan)).pk)


def _discard(actor: Actor, plan: Any, _data: dict[str, Any]) -> None:
    version_discard(actor=actor, plan_version_id=_there(draft_of(plan)).pk)


def _retire_version(actor: Actor, plan: Any, _data: dict[str, Any]) -> None:
    version_retire(actor=actor, plan_version_id=_there(sold_of(plan)).pk)


def _there(version: PlanVersion | None) -> PlanVersion:
    """Somebody else may have been quicker."""
    if version is None:
        raise Conflict(_("There is no such version any more."))
    return version


PLAN_CATALOGUE_ACTS = (
    Act(
        name="draft",
        label="Draft a version",
        icon="edit_note",
        available=lambda plan: plan.retired_at is None and draft_of(plan) is None,
        explain=lambda _plan: [
            "The terms are those on sale; change what shall differ. Nobody gets it until it is published.",
        ],
        run=_draft,
        done=lambda plan: f"A version of {plan} is drafted. Look at it, then publish it.",
        form=TermsForm,
    ),
    Act(
        name="publish",
        label="Publish the draft",
        icon="publish",
        available=lambda plan: draft_of(plan) is not None,
        explain=lambda _plan: [
            "From now on it is what people are offered. Who has an older version keeps it until moved.",
            "Its terms cannot be changed any more.",
        ],
        run=_publish,
        done=lambda plan: f"The draft of {plan} is published.",
    ),
    Act(
        name="discard",
        label="Discard the draft",
        icon="delete",
        available=lambda plan: draft_of(plan) is not None,
        explain=lambda _plan: ["It is deleted. Nobody has it."],
        run=_discard,
        done=lambda plan: f"The draft of {plan} is discarded.",
        dangerous=True,
    ),
    Act(
        name="retire_version",
        label="Retire the version on sale",
        icon="history",
        available=lambda plan: sold_of(plan) is not None,
        explain=lambda _plan: [
            "It is not offered any more; the version before it is, unless that is retired too.",
            "Who has it keeps it.",
        ],
        run=_retire_version,
        done=lambda plan: f"The version of {plan} is retired.",
        dangerous=True,
    ),
    Act(
        name="retire",
        label="Retire the plan",
        icon="block",
        available=lambda plan: plan.retired_at is None and not plan.is_default,
        explain=lambda _plan: ["It is not offered any more. Who has it keeps it."],
        run=lambda actor, plan, _data: plan_retire(actor=actor, plan_id=plan.pk),
        done=lambda plan: f"{plan} is retired.",
        dangerous=True,
    ),
)


class ProductPage(ConsolePage):
    """What plans and add-ons share."""

    empty_text = "Nothing is sold. Run manage.py billing plans --apply to load the catalogue."
    list_display_links = ("name",)
    search_fields = ("code", "name")
    search_help_text = "Code or name"
    ordering = ("position", "code")

    @display(description="State", ordering="retired_at")
    def badge(self, product: Any) -> SafeString:
        return product_badge(product)

    def badges(self, obj: Any) -> Sequence[SafeString]:
        return (product_badge(obj),)

    def subtitle(self, obj: Any) -> str:
        return obj.description


class PlanAdmin(ProductPage):
    acts = PLAN_CATALOGUE_ACTS
    list_display = ("name", "code", "badge", "begins", "version", "tenants")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        found: QuerySet[Plan] = super().get_queryset(request)
        return found.annotate(tenant_count=Count("versions__tenants")).prefetch_related("versions")

    @display(description="For new tenants", ordering="is_default")
    def begins(self, plan: Plan) -> str:
        return r.yes_no(plan.is_default)

    @display(description="On sale")
    def version(self, plan: Plan) -> str:
        sold = [one.number for one in plan.versions.all() if one.state == "published"]
        return f"v{max(sold)}" if sold else "–"

    @display(description="Tenants", ordering="tenant_count")
    def tenants(self, plan: Any) -> int:
        return plan.tenant_count

    def sections(self, obj: Plan) -> Sequence[Section]:
        versions = list(obj.versions.annotate(tenant_count=Count("tenants")).order_by("-number"))
        found: list[Section] = [
            Facts(
                "Facts",
                [
                    ("Code", r.code(obj.code)),
                    ("Shown to everybody", r.yes_no(obj.is_public)),
                    ("For new tenants", r.yes_no(obj.is_default)),
                    ("Stripe product", obj.stripe_product_id or r.NONE),
                ],
            ),
            Table(
                "Versions",
                ("Version", "State", "Published", "Trial", "Credits", "Tenants"),
                [
                    (
                        f"v{one.number}",
                        r.badge(one.state.capitalize(), TONES[one.state]),
                        r.when(one.published_at),
                        f"{one.trial_days} days",
                        _credits(one),
                        vars(one)["tenant_count"],
                    )
                    for one in versions
                ],
                empty="It has no version: nobody can have it.",
            ),
        ]
        for version, title in ((draft_of(obj), "draft"), (sold_of(obj), "on sale")):
            if version is not None:
                name = f"v{version.number}, {title}"
                prices = version.prices.order_by("currency", "interval")
                given = version.planentitlements.order_by("code")
                found += [
                    prices_table(prices, f"Prices of {name}"),
                    entitlements_table(given, f"{name} includes"),
                ]
        return found


class AddOnAdmin(ProductPage):
    list_display = ("name", "code", "badge", "tenants_count")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AddOn]:
        found: QuerySet[AddOn] = super().get_queryset(request)
        return found.annotate(tenant_count=Count("tenants"))

    @display(description="Tenants", ordering="tenant_count")
    def tenants_count(self, add_on: Any) -> int:
        return add_on.tenant_count

    def sections(self, obj: AddOn) -> Sequence[Section]:
        return [
            Facts(
                "Facts",
                [
                    ("Code", r.code(obj.code)),
                    ("Shown to everybody", r.yes_no(obj.is_public)),
                    ("Stripe product", obj.stripe_product_id or r.NONE),
                ],
            ),
            prices_table(obj.prices.order_by("currency", "interval")),
            entitlements_table(obj.planentitlements.order_by("code"), "Adds"),
        ]


class CreditPackAdmin(ProductPage):
    list_display = ("name", "code", "badge", "credits")

    @display(description="Credits", ordering="credits_microcredits")
    def credits(self, pack: CreditPack) -> str:
        return f"{pack.credits_microcredits / 1_000_000:,.6g}"

    def sections(self, obj: CreditPack) -> Sequence[Section]:
        return [
            Facts(
                "Facts",
                [
                    ("Code", r.code(obj.code)),
                    ("Shown to everybody", r.yes_no(obj.is_public)),
                    ("Credits", self.credits(obj)),
                    ("Good for", f"{obj.valid_days} days" if obj.valid_days else "ever"),
                    ("Priority", obj.priority),
                    ("Stripe product", obj.stripe_product_id or r.NONE),
                ],
            ),
            Table(
                "Prices",
                ("Price", "Retired", "Stripe price"),
                [
                    (str(one.money), r.when(one.retired_at), one.stripe_price_id or r.NONE)
                    for one in obj.prices.order_by("currency", "-created_at")
                ],
                empty="It has no price: nobody can buy it.",
            ),
        ]


def _credits(version: PlanVersion) -> str:
    """With what rolls over, where something does."""
    given = f"{version.credits_per_period_microcredits // 1_000_000:,}"
    over = version.credits_rollover_microcredits // 1_000_000
    return f"{given}, up to {over:,} roll over" if over else given


def product_badge(product: Plan | AddOn | CreditPack) -> SafeString:
    if product.retired_at is not None:
        return r.badge("Retired", "quiet")
    return r.badge("Public", "good") if product.is_public else r.badge("By hand", "info")
