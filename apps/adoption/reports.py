"""What staff are shown: how features are used, and what people answer. Over all tenants, from sums."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta

from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from apps.adoption.enums import PromptOutcome, SurveyKind
from apps.adoption.models import (
    COMMENT_SEARCH,
    FeatureDay,
    FeatureTotal,
    FeatureUse,
    SurveyAnswer,
    SurveyCount,
)
from apps.adoption.rollup import WINDOW_DAYS
from apps.common.access import require_platform
from apps.common.actors import Actor

PROMOTERS = range(9, 11)
DETRACTORS = range(7)
SATISFIED = range(4, 6)


@dataclass(frozen=True, slots=True)
class FeatureFigures:
    """tenants, people: different ones in WINDOW_DAYS. uses: in that time, and in the time before.

    days: uses of each day, oldest first.
    """

    feature: str
    tenants: int
    people: int
    uses: int
    uses_before: int
    days: Sequence[tuple[date, int]]


def features_report(actor: Actor) -> list[FeatureFigures]:
    """The most used first. One statement, of a row a feature and day, whatever the number of tenants."""
    require_platform(actor)
    today = timezone.now().astimezone(UTC).date()
    begin = today - timedelta(days=WINDOW_DAYS - 1)
    by_feature: dict[str, dict[date, FeatureTotal]] = defaultdict(dict)
    since = begin - timedelta(days=WINDOW_DAYS)
    for row in FeatureTotal.objects.filter(day__gte=since, day__lte=today).order_by("day"):
        by_feature[row.feature][row.day] = row
    found = []
    for code, rows in by_feature.items():
        newest = rows[max(rows)]
        days = [begin + timedelta(days=number) for number in range(WINDOW_DAYS)]
        counts = [(day, rows[day].uses if day in rows else 0) for day in days]
        # A feature that nobody has used in the window has no row of late.
        is_current = newest.day >= today - timedelta(days=1)
        found.append(
            FeatureFigures(
                code,
                newest.tenants_window if is_current else 0,
                newest.people_window if is_current else 0,
                sum(count for _day, count in counts),
                sum(row.uses for day, row in rows.items() if day < begin),
                counts,
            )
        )
    return sorted(found, key=lambda one: (-one.tenants, -one.uses, one.feature))


@dataclass(frozen=True, slots=True)
class TenantFeature:
    """people: different ones in WINDOW_DAYS; uses: in that time. last: the last day of use."""

    feature: str
    people: int
    uses: int
    last: date


def tenant_features(actor: Actor, tenant_id: uuid.UUID) -> list[TenantFeature]:
    """Of one tenant, the most used first. Two statements. For staff."""
    require_platform(actor)
    since = timezone.now().astimezone(UTC).date() - timedelta(days=WINDOW_DAYS - 1)
    people = dict(
        FeatureUse.objects.filter(tenant_id=tenant_id, day__gte=since)
        .values_list("feature")
        .annotate(n=Count("person_id", distinct=True))
    )
    rows = FeatureDay.objects.filter(tenant_id=tenant_id, day__gte=since).values("feature", "day")
    uses: dict[str, int] = defaultdict(int)
    last: dict[str, date] = {}
    for row in rows.annotate(n=Sum("uses")).order_by("day"):
        uses[row["feature"]] += row["n"]
        last[row["feature"]] = row["day"]
    found = [TenantFeature(code, people.get(code, 0), n, last[code]) for code, n in uses.items()]
    return sorted(found, key=lambda one: (-one.uses, one.feature))


@dataclass(slots=True)
class Scores:
    """outcomes: how many; scores: how many gave each."""

    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    scores: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, outcome: str, score: int | None, count: int) -> None:
        self.outcomes[outcome] += count
        if score is not None:
            self.scores[score] += count

    @property
    def answers(self) -> int:
        return self.outcomes[PromptOutcome.ANSWERED]

    @property
    def shown(self) -> int:
        return self.outcomes[PromptOutcome.SHOWN]

    @property
    def response_percent(self) -> int | None:
        """Of those who were shown it; None where nobody was."""
        return round(100 * self.answers / self.shown) if self.shown else None

    def percent(self, scores: range) -> int | None:
        """Of the answers; None without any."""
        if not self.answers:
            return None
        return round(100 * sum(self.scores[one] for one in scores) / self.answers)

    def score(self, kind: SurveyKind) -> int | None:
        """NPS: the percentage of promoters (9, 10) less that of detractors (0 to 6), from -100 to 100.

        CSAT: the percentage of 4 and 5. None without answers.
        """
        if kind == SurveyKind.CSAT:
            return self.percent(SATISFIED)
        if not self.answers:
            return None
        promoters, detractors = (
            sum(self.scores[one] for one in scores) for scores in (PROMOTERS, DETRACTORS)
        )
        return round(100 * (promoters - detractors) / self.answers)


@dataclass(slots=True)
class SurveyReport:
    """months: the newest first. plans: by their code, those with the most answers first."""

    whole: Scores
    months: Sequence[tuple[date, Scores]]
    plans: Sequence[tuple[str, Scores]]


def survey_report(actor: Actor, code: str, *, months: int = 12) -> SurveyReport:
    """Of the last months. One statement, of a row a day, plan and score at most."""
    require_platform(actor)
    today = timezone.now().astimezone(UTC).date()
    index = today.year * 12 + today.month - months
    since = date(index // 12, index % 12 + 1, 1)
    whole = Scores()
    by_month: dict[date, Scores] = defaultdict(Scores)
    by_plan: dict[str, Scores] = defaultdict(Scores)
    rows = SurveyCount.objects.filter(survey=code, day__gte=since)
    grouped = rows.values_list(TruncMonth("day"), "plan", "outcome", "score").annotate(
        n=Sum("count")
    )
    for month, plan, outcome, score, count in grouped:
        for scores in (whole, by_month[month], by_plan[plan]):
            scores.add(outcome, score, count)
    return SurveyReport(
        whole,
        sorted(by_month.items(), reverse=True),
        sorted(by_plan.items(), key=lambda item: (-item[1].answers, item[0])),
    )


def answers_matching(
    actor: Actor,
    code: str,
    *,
    words: str = "",
    tenant_id: uuid.UUID | None = None,
    with_comment: bool = True,
) -> QuerySet[SurveyAnswer]:
    """The newest first. words: whole words of the comment. For staff."""
    require_platform(actor)
    found = SurveyAnswer.objects.select_related("tenant").order_by("-id")
    if code:
        found = found.filter(survey=code)
    if tenant_id is not None:
        found = found.filter(tenant_id=tenant_id)
    if with_comment:
        found = found.exclude(comment="")
    if words:
        found = found.annotate(searched=COMMENT_SEARCH).filter(
            searched=SearchQuery(words, config="simple")
        )
    return found
