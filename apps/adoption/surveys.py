"""Which surveys there are: declared by apps in their surveys.py, or made by staff in the console."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

from apps.adoption.enums import SurveyKind, SurveyTrigger
from apps.adoption.models import Survey
from apps.common.caching import Namespace

SCOPE = "surveys"


@dataclass(frozen=True, slots=True)
class Question:
    """A survey as code declares it, and as it is kept in the cache.

    code: `app.thing`, lasting: answers are kept by it. permission: who is asked: those who hold it
    somewhere; empty: everybody. days, feature, page: of the trigger that has it.
    """

    code: str
    kind: SurveyKind
    question: str
    trigger: SurveyTrigger
    days: int = 0
    feature: str = ""
    page: str = ""
    permission: str = ""

    @property
    def scores(self) -> range:
        return SCORES[self.kind]

    @property
    def ends(self) -> tuple[str, str]:
        """What the lowest and the highest score mean."""
        return ENDS[self.kind]


SCORES = {SurveyKind.NPS: range(11), SurveyKind.CSAT: range(1, 6)}
ENDS = {
    SurveyKind.NPS: ("Not at all likely", "Extremely likely"),
    SurveyKind.CSAT: ("Very dissatisfied", "Very satisfied"),
}
FIELDS = ("code", "kind", "question", "trigger", "days", "feature", "page", "permission")

_declared: dict[str, Question] = {}


def scopes_of(_tenant_id: uuid.UUID) -> Iterable[str]:
    """All tenants share them."""
    return [SCOPE]


ASKED_NOW = Namespace("adoption.surveys", ttl_s=300, scopes=scopes_of)


def declare_surveys(*surveys: Question) -> None:
    """Called by an app's `surveys.py`, when it is imported at the start. Raises ImproperlyConfigured."""
    for one in surveys:
        if _declared.setdefault(one.code, one) != one:
            raise ImproperlyConfigured(f"the survey {one.code} is declared twice")


def declared_surveys() -> dict[str, Question]:
    return dict(sorted(_declared.items()))


def surveys_asked() -> list[Question]:
    """Those that people are asked now, by their code. No statement while it is remembered, else one."""
    return ASKED_NOW.get("all", _load, scope=SCOPE)


def _load() -> list[Question]:
    rows = Survey.objects.filter(is_paused=False).order_by("code").values(*FIELDS)
    return [
        Question(
            **{**row, "kind": SurveyKind(row["kind"]), "trigger": SurveyTrigger(row["trigger"])}
        )
        for row in rows
    ]


def survey_asked(code: str) -> Question | None:
    return next((one for one in surveys_asked() if one.code == code), None)
