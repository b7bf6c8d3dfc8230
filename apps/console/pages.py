"""The base of every page about a model: read-only, with the acts that services offer."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from apps.console import acts
from apps.console.acts import Act

Cell = str | SafeString | int


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a detail page; `kind` chooses how the template shows it."""

    title: str
    kind: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Facts(Section):
    rows: Sequence[tuple[str, Cell]]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True, slots=True)
class Table(Section):
    """empty: what to say when there are no rows. more: a link to all of them."""

    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    empty: str
    more: Cell = ""
    kind: ClassVar[str] = "table"

    @property
    def labelled(self) -> list[list[tuple[str, Cell]]]:
        """Cells with their headers: on phones each row is a card."""
        return [list(zip(self.headers, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Search(Section):
    """Narrows what the page lists by `?q=`. title: of the button; help: what is looked at."""

    help: str
    value: str
    kind: ClassVar[str] = "search"


@dataclass(frozen=True, slots=True)
class Text(Section):
    """Preformatted: a traceback, a payload."""

    text: str
    kind: ClassVar[str] = "text"


@dataclass(frozen=True, slots=True)
class Steps(Section):
    """steps: (label, state); the states are provisioning's: done, active, waiting, failed."""

    steps: Sequence[tuple[str, str]]
    note: str
    rows: Sequence[tuple[str, Cell]] = field(default_factory=list)
    kind: ClassVar[str] = "steps"


class ConsolePage(ModelAdmin):
    """A list, and a page for each object: facts, tables and acts.

    There is no model form: what changes data is an Act, which calls a service. All staff see all.
    """

    acts: ClassVar[Sequence[Act]] = ()
    empty_text = ""  # what the list is for, shown while it has no rows
    list_per_page = 50
    list_max_show_all = 50
    show_facets = False
    list_filter_sheet = True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(self.admin_site.has_permission(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(self.admin_site.has_permission(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        """The list, the objects and the acts, and nothing else that Django's admin would add."""
        wrap = self.admin_site.admin_view
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("", wrap(self.changelist_view), name=f"{name}_changelist"),
            *self.extra_urls(),
            *(
                path(
                    f"<uuid:object_id>/{act.name}/",
                    wrap(partial(self.act_view, act=act)),
                    name=f"{name}_{act.name}",
                )
                for act in self.acts
            ),
            path("<uuid:object_id>/", wrap(self.detail_view), name=f"{name}_change"),
        ]

    def extra_urls(self) -> list[URLPattern]:
        return []

    def title(self, obj: Any) -> str:
        return str(obj)

    def subtitle(self, obj: Any) -> Cell:
        return ""

    def badges(self, obj: Any) -> Sequence[SafeString]:
        return ()

    def sections(self, obj: Any) -> Sequence[Section]:
        raise NotImplementedError

    def object_or_404(self, request: HttpRequest, object_id: uuid.UUID) -> Any:
        found = self.get_queryset(request).filter(pk=object_id).first()
        if found is None:
            raise Http404
        return found

    def object_url(self, obj: Model, page: str = "change") -> str:
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=[obj.pk])

    def list_url(self) -> str:
        return reverse(
            f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist"
        )

    def page(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        """A page of ours in the console's frame; the breadcrumb leads to the list."""
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            template,
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "inline_admin_formsets": [],
                **context,
            },
        )

    def detail_view(self, request: HttpRequest, object_id: uuid.UUID) -> HttpResponse:
        obj = self.object_or_404(request, object_id)
        return self.page(
            request,
            "console/detail.html",
            title=self.title(obj),
            heading=self.title(obj),
            lead=self.subtitle(obj),
            badges=self.badges(obj),
            sections=self.sections(obj),
            acts=self.offered(obj, [act for act in self.acts if not act.inside]),
        )

    def offered(self, obj: Any, acts: Sequence[Act]) -> list[dict[str, Any]]:
        """Those that the object's state allows, with their addresses."""
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}"
        return [
            {"act": act, "url": reverse(f"{name}_{act.name}", args=[obj.pk])}
            for act in acts
            if act.available(obj)
        ]

    def act_view(self, request: HttpRequest, object_id: uuid.UUID, *, act: Act) -> HttpResponse:
        return acts.act_on_one(self, request, self.object_or_404(request, object_id), act)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        def runner(act: Act) -> Any:
            def run(
                page: ConsolePage, request: HttpRequest, queryset: QuerySet[Any]
            ) -> HttpResponse:
                return acts.act_on_many(page, request, queryset, act)

            return run

        return {act.name: (runner(act), act.name, act.label) for act in self.acts if act.bulk}
