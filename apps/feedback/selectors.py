"""Which question a member is to be shown now, if any."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from apps.adoption.asking import asked_of, may_ask
from apps.adoption.enums import SurveyTrigger
from apps.adoption.models import FeatureUse
from apps.adoption.surveys import Question, surveys_asked
from apps.common.access import paths_allowed
from apps.common.actors import Actor
from apps.feedback.caches import STANDINGS
from apps.feedback.models import Prompt
from apps.organizations.models import Member

# For so long a question stands there.
EXPIRES_AFTER = timedelta(days=14)
# For so long after a use somebody is asked about it.
USED_LATELY = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class OpenPrompt:
    """One that stands there, or was put off until `later_until`."""

    id: uuid.UUID
    survey: str
    shown_at: datetime
    later_until: datetime | None

    def is_expired(self, now: datetime) -> bool:
        return now >= (self.later_until or self.shown_at) + EXPIRES_AFTER


@dataclass(frozen=True, slots=True)
class Standing:
    """Of a member: plain data. asked: when, by survey, in whatever workspace; used: features of late."""

    joined_at: datetime
    prompt: OpenPrompt | None
    asked: Mapping[str, datetime]
    used: frozenset[str]


@dataclass(frozen=True, slots=True)
class Due:
    """A question to show. prompt: that stands there already; None: it is to be shown the first time."""

    question: Question
    prompt: OpenPrompt | None


def is_askable(actor: Actor) -> bool:
    """Members themselves: no program, and nobody who acts for one."""
    return actor.member_id is not None and actor.impersonator is None


def survey_due(actor: Actor, page: str = "") -> Due | None:
    """What to show the actor, on a page if it is named (its URL name).

    No statement while all is remembered; nor where nothing is asked at all, but for the surveys themselves.
    """
    if not is_askable(actor) or actor.member_id is None or actor.person_id is None:
        return None
    asked = {one.code: one for one in surveys_asked()}
    if not asked:
        return None
    member_id, person_id = actor.member_id, actor.person_id
    standing = STANDINGS.get(str(member_id), lambda: _load(member_id, person_id))
    if standing is None:
        return None
    now = timezone.now()
    prompt = standing.prompt
    if prompt is not None and not prompt.is_expired(now):
        question = asked.get(prompt.survey)
        is_time = prompt.later_until is None or prompt.later_until <= now
        is_here = question is not None and _is_here(question, page)
        return Due(question, prompt) if question is not None and is_time and is_here else None
    for question in asked.values():
        if (
            _is_here(question, page)
            and _is_met(question, standing, now)
            and _is_in_audience(actor, question)
            and may_ask(standing.asked, question.code, now)
        ):
            return Due(question, None)
    return None


def _is_in_audience(actor: Actor, question: Question) -> bool:
    return not question.permission or paths_allowed(actor, question.permission) != []


def _is_here(question: Question, page: str) -> bool:
    """One that belongs to a page is shown there, the others where no page is named."""
    return page == (question.page if question.trigger == SurveyTrigger.ON_PAGE else "")


def _is_met(question: Question, standing: Standing, now: datetime) -> bool:
    if question.trigger == SurveyTrigger.AFTER_DAYS:
        return standing.joined_at + timedelta(days=question.days) <= now
    if question.trigger == SurveyTrigger.AFTER_USE:
        return question.feature in standing.used
    return True


def _load(member_id: uuid.UUID, person_id: uuid.UUID) -> Standing | None:
    """Four statements."""
    joined = Member.objects.filter(id=member_id).values_list("created_at", flat=True).first()
    if joined is None:
        return None
    row = Prompt.objects.filter(member_id=member_id, closed_at=None).first()
    since = (timezone.now() - USED_LATELY).astimezone(UTC).date()
    uses = FeatureUse.objects.filter(person_id=person_id, day__gte=since)
    return Standing(
        joined,
        OpenPrompt(row.id, row.survey, row.created_at, row.later_until) if row else None,
        asked_of(person_id),
        frozenset(uses.values_list("feature", flat=True).distinct()),
    )
