"""Surveys in the console: what is asked, and what people answer."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from apps.adoption.enums import PromptOutcome, SurveyKind, SurveyTrigger
from apps.adoption.models import Survey, SurveyAnswer
from apps.adoption.registry import features
from apps.adoption.reports import Scores, answers_matching, survey_report
from apps.adoption.services import survey_create, survey_delete, survey_pause, survey_update
from apps.adoption.surveys import Question
from apps.common.access import permissions
from apps.common.actors import Actor
from apps.common.csv_writing import csv_bytes
from apps.common.errors import PlatformError
from apps.console import rendering as r
from apps.console.acts import Act, ActForm, show_errors, staff_actor
from apps.console.pages import Cell, ConsolePage, Facts, Search, Section, Table
from apps.console.revenue import Notes, Stat, Stats
from apps.tenants.models import Tenant

ACTOR = Actor.system("console")
SHOWN = 100
SEARCH_LENGTH = 100
EXPORT_HEAD = ("time", "workspace", "plan", "score", "comment")
NOTES = {
    SurveyKind.NPS: "NPS: the percentage of 9 and 10 less that of 0 to 6, from -100 to 100.",
    SurveyKind.CSAT: "CSAT: the percentage of 4 and 5.",
}
CAPS = (
    "Somebody is asked one thing in 30 days, the same one in 90, in whatever workspace; never while staff "
    "act for them."
)


class SurveyForm(ActForm):
    """The same for making and changing; `code` is there for a new one only."""

    question = forms.CharField(label="Question", max_length=200)
    kind = forms.ChoiceField(label="Kind", choices=SurveyKind.choices)
    permission = forms.ChoiceField(
        label="Audience", required=False, help_text="Who holds this permission somewhere."
    )
    trigger = forms.ChoiceField(label="When", choices=SurveyTrigger.choices)
    days = forms.IntegerField(
        label="Days after joining", required=False, min_value=0, max_value=3650, initial=30
    )
    feature = forms.ChoiceField(label="Feature that was used", required=False)
    page = forms.CharField(
        label="Page",
        required=False,
        max_length=80,
        help_text="Its URL name in the workspaces, as members.",
    )

    def __init__(self, *args: Any, obj: Any = None, **kwargs: Any) -> None:
        if obj is not None:
            begin = {name: getattr(obj, name) for name in SurveyForm.base_fields}
            kwargs["initial"] = {**begin, **(kwargs.get("initial") or {})}
        super().__init__(*args, obj=obj, **kwargs)
        everybody = [("", "Everybody")]
        self.fields["permission"].choices = [  # type: ignore[attr-defined]
            *everybody,
            *((one.code, f"{one.label} ({one.code})") for one in permissions().values()),
        ]
        self.fields["feature"].choices = [  # type: ignore[attr-defined]
            ("", "–"),
            *((one.code, str(one.label)) for one in features().values()),
        ]


class NewSurveyForm(SurveyForm):
    code = forms.CharField(
        label="Code", max_length=80, help_text="app.thing. Answers are kept by it."
    )
    field_order = ("code",)


def _question(data: dict[str, Any], code: str) -> Question:
    trigger = SurveyTrigger(data["trigger"])
    return Question(
        code=code,
        kind=SurveyKind(data["kind"]),
        question=data["question"],
        trigger=trigger,
        days=(data["days"] or 0) if trigger == SurveyTrigger.AFTER_DAYS else 0,
        feature=data["feature"] if trigger == SurveyTrigger.AFTER_USE else "",
        page=data["page"] if trigger == SurveyTrigger.ON_PAGE else "",
        permission=data["permission"],
    )


SURVEY_ACTS = (
    Act(
        name="change",
        label="Change",
        icon="edit",
        available=lambda survey: not survey.is_declared,
        explain=lambda _survey: ["Answers that are there stay. The code stays."],
        run=lambda actor, survey, data: survey_update(
            actor=actor, survey_id=survey.pk, question=_question(data, survey.code)
        ),
        done=lambda survey: f"{survey} is changed.",
        form=SurveyForm,
    ),
    Act(
        name="pause",
        label="Pause",
        icon="pause",
        available=lambda survey: not survey.is_paused,
        explain=lambda _survey: [
            "Nobody is asked it, from some minutes from now on at the latest."
        ],
        run=lambda actor, survey, _data: survey_pause(
            actor=actor, survey_id=survey.pk, is_paused=True
        ),
        done=lambda survey: f"{survey} is paused.",
    ),
    Act(
        name="resume",
        label="Resume",
        icon="play_arrow",
        available=lambda survey: survey.is_paused,
        explain=lambda _survey: ["People are asked it again."],
        run=lambda actor, survey, _data: survey_pause(
            actor=actor, survey_id=survey.pk, is_paused=False
        ),
        done=lambda survey: f"{survey} is asked again.",
    ),
    Act(
        name="delete",
        label="Delete",
        icon="delete",
        available=lambda survey: not survey.is_declared,
        explain=lambda _survey: ["Nobody is asked it any more. Its answers stay."],
        run=lambda actor, survey, _data: survey_delete(actor=actor, survey_id=survey.pk),
        done=lambda survey: f"{survey} is deleted.",
        dangerous=True,
        removes=True,
    ),
)


class SurveyAdmin(ConsolePage):
    acts = SURVEY_ACTS
    actions_list = ("create",)
    empty_text = "Questions that people are asked in their workspaces."
    list_display = ("code", "asks", "kind", "when", "badge")
    list_display_links = ("code",)
    list_filter = ("kind", "is_paused")
    search_fields = ("code", "question")
    ordering = ("code",)

    def extra_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("create/", wrap(self.create_view), name="adoption_survey_create"),
            path(
                "<uuid:object_id>/answers.csv",
                wrap(self.export_view),
                name="adoption_survey_answers",
            ),
        ]

    @display(description="Question")
    def asks(self, survey: Survey) -> str:
        return survey.question

    @display(description="When")
    def when(self, survey: Survey) -> str:
        return trigger_words(survey)

    @display(description="State")
    def badge(self, survey: Survey) -> SafeString:
        return state_badge(survey)

    @action(description="New survey", url_path="create", icon="add", variant=ActionVariant.PRIMARY)
    def create(self, request: HttpRequest) -> HttpResponse:
        """The button above the list; unfold finds the address by the method's name."""
        return self.create_view(request)

    def create_view(self, request: HttpRequest) -> HttpResponse:
        form = NewSurveyForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            data = form.cleaned_data
            try:
                survey = survey_create(
                    actor=staff_actor(request), question=_question(data, data["code"])
                )
            except PlatformError as error:
                if not show_errors(form, error):
                    form.add_error(None, str(error.detail))
            else:
                return redirect(self.object_url(survey))
        return self.page(
            request,
            "console/act.html",
            title="New survey",
            heading="New survey",
            act={"label": "Ask it", "dangerous": False},
            explain=["People are asked it from now on, as they come by.", CAPS],
            form=form,
            back=self.list_url(),
        )

    def detail_view(self, request: HttpRequest, object_id: uuid.UUID) -> HttpResponse:
        """The report; `?q=` searches the comments. Three statements."""
        survey = self.object_or_404(request, object_id)
        words = request.GET.get("q", "").strip()[:SEARCH_LENGTH]
        return self.page(
            request,
            "console/detail.html",
            title=survey.code,
            heading=survey.question,
            lead=f"{survey.code} · {trigger_words(survey)}",
            badges=[r.badge(survey.get_kind_display(), "info"), state_badge(survey)],
            sections=self._report(survey, words),
            acts=self.offered(survey, self.acts),
        )

    def _report(self, survey: Survey, words: str) -> Sequence[Section]:
        kind = SurveyKind(survey.kind)
        report = survey_report(ACTOR, survey.code)
        comments = answers_matching(ACTOR, survey.code, words=words)
        export = reverse("admin:adoption_survey_answers", args=[survey.pk])
        audience = permissions().get(survey.permission)
        return [
            Stats("Figures", _stats(kind, report.whole)),
            Table(
                "By month",
                HEAD,
                [(f"{month:%B %Y}", *_scores(kind, one)) for month, one in report.months],
                empty="Nobody was asked yet.",
            ),
            Table(
                "By plan",
                ("Plan", *HEAD[1:]),
                [(plan or "None", *_scores(kind, one)) for plan, one in report.plans],
                empty="Nobody was asked yet.",
            ),
            Search("Search", "Whole words of the comments", words),
            Table(
                "Comments" if not words else f"Comments with “{words}”",
                ("When", "Tenant", "Plan", "Score", "Comment"),
                [_comment(one) for one in comments[:SHOWN]],
                empty="Nobody has written anything (with these words).",
                more=r.link(export, "All answers as CSV"),
            ),
            Facts(
                "Export and audience",
                [
                    ("All answers", r.link(export, "Download as CSV")),
                    ("Audience", str(audience.label) if audience else "Everybody"),
                    ("Declared by", "An app’s code" if survey.is_declared else "Staff"),
                ],
            ),
            Notes("", (NOTES[kind], CAPS)),
        ]

    def export_view(self, request: HttpRequest, object_id: uuid.UUID) -> StreamingHttpResponse:
        survey = self.object_or_404(request, object_id)
        response = StreamingHttpResponse(_csv(survey.code), content_type="text/csv")
        response["Content-Disposition"] = f'attachment; filename="{survey.code}.csv"'
        return response


HEAD = ("Month", "Score", "Answers", "Shown", "Response rate", "Dismissed")


def _csv(code: str) -> Iterator[bytes]:
    """Read while it is sent. Who asks has been let through."""
    yield csv_bytes([EXPORT_HEAD])
    rows = answers_matching(ACTOR, code, with_comment=False).order_by("id")
    for one in rows.iterator(chunk_size=1000):
        line = (one.created_at.isoformat(), one.tenant.slug, one.plan, one.score, one.comment)
        yield csv_bytes([line])


def trigger_words(survey: Survey) -> str:
    if survey.trigger == SurveyTrigger.AFTER_DAYS:
        return f"{survey.days} days after joining"
    if survey.trigger == SurveyTrigger.AFTER_USE:
        known = features().get(survey.feature)
        return f"After using: {known.label if known else survey.feature}"
    return f"On the page {survey.page}"


def state_badge(survey: Survey) -> SafeString:
    return r.badge("Paused", "quiet") if survey.is_paused else r.badge("Asked", "good")


def _stats(kind: SurveyKind, scores: Scores) -> list[Stat]:
    return [
        Stat(str(kind.label), _number(scores.score(kind)), "In the last 12 months"),
        Stat("Answers", f"{scores.answers:,}", f"of {scores.shown:,} who were asked"),
        Stat("Response rate", _percent(scores.response_percent), "Of those who were asked"),
        Stat("Dismissed", f"{scores.outcomes[PromptOutcome.DISMISSED]:,}", "Did not want to"),
    ]


def _scores(kind: SurveyKind, scores: Scores) -> Sequence[Cell]:
    return (
        _number(scores.score(kind)),
        f"{scores.answers:,}",
        f"{scores.shown:,}",
        _percent(scores.response_percent),
        f"{scores.outcomes[PromptOutcome.DISMISSED]:,}",
    )


def _number(score: int | None) -> str:
    return "–" if score is None else str(score)


def _percent(percent: int | None) -> str:
    return "–" if percent is None else f"{percent} %"


def _comment(one: SurveyAnswer) -> Sequence[Cell]:
    return (
        r.when(one.created_at),
        r.link_to(one.tenant, one.tenant.slug),
        one.plan or r.NONE,
        one.score,
        one.comment or r.NONE,
    )


def tenant_answers_table(tenant: Tenant) -> Table:
    """What its people answered. One statement."""
    found: QuerySet[SurveyAnswer] = answers_matching(
        ACTOR, "", tenant_id=tenant.pk, with_comment=False
    )
    return Table(
        "Answers",
        ("When", "Survey", "Score", "Comment"),
        [
            (r.when(one.created_at), r.code(one.survey), one.score, one.comment or r.NONE)
            for one in found[:SHOWN]
        ],
        empty="Nobody has answered anything yet.",
    )
