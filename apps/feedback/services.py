"""Asking, answering, and not wanting to."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.adoption.asking import ask_claim
from apps.adoption.enums import PromptOutcome
from apps.adoption.models import SurveyAnswer
from apps.adoption.surveys import Question, survey_asked
from apps.billing.selectors import plan_of
from apps.common.actors import Actor
from apps.common.errors import ImpersonationRefused, InvalidInput, NotFound
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.feedback.caches import STANDINGS
from apps.feedback.events import SurveyAnswered, SurveyDismissed, SurveyShown
from apps.feedback.models import Prompt
from apps.feedback.selectors import EXPIRES_AFTER, Due, survey_due
from apps.organizations.models import Member

# When somebody is asked again who has no time now; so often, then it is a no.
LATER = timedelta(days=7)
MAX_LATERS = 2
COMMENT_LENGTH = 2000
ACTOR = Actor.system("feedback")


def survey_show(*, actor: Actor, page: str = "") -> Question | None:
    """What the actor is asked now; None: nothing. Asking for it is being asked: it counts as shown.

    The first time it publishes feedback.survey_shown. Of several at once, in whatever workspace, one asks.
    """
    due = survey_due(actor, page)
    if due is None or due.prompt is not None:
        return due.question if due else None
    return due.question if _show(actor, due) else None


def _show(actor: Actor, due: Due) -> bool:
    if actor.person_id is None or actor.member_id is None:
        return False
    # By itself, and first: who is asked in another workspace now is not asked here.
    if not ask_claim(actor.person_id, due.question.code):
        return False
    with transaction.atomic():
        _member_locked(actor.member_id)
        open_ones = Prompt.objects.filter(member_id=actor.member_id, closed_at=None)
        for old in open_ones.order_by("id"):
            _close(ACTOR, old, PromptOutcome.EXPIRED)
        prompt = Prompt.objects.create(member_id=actor.member_id, survey=due.question.code)
        publish(
            SurveyShown(prompt_id=prompt.id, survey=prompt.survey, plan=plan_code()), actor=actor
        )
        STANDINGS.invalidate()
    return True


@transaction.atomic
def survey_answer(*, actor: Actor, survey: str, score: int, comment: str = "") -> SurveyAnswer:
    """Answer a question that one was asked. Publishes feedback.survey_answered. Locks the member.

    Raises NotFound (it was not asked, or is over), ImpersonationRefused, InvalidInput.
    """
    question = survey_asked(survey)
    if question is None:
        raise NotFound
    comment = comment.strip()
    if score not in question.scores:
        lowest, highest = question.scores[0], question.scores[-1]
        raise InvalidInput.field("score", _("Choose a number from %d to %d.") % (lowest, highest))
    if len(comment) > COMMENT_LENGTH:
        raise InvalidInput.field("comment", _("Write at most 2000 characters."))
    member, prompt = _open_prompt(actor, survey)
    plan = plan_code()
    answer = SurveyAnswer.objects.create(
        tenant_id=require_tenant().id,
        survey=survey,
        person_id=member.person_id,
        score=score,
        comment=comment,
        plan=plan,
    )
    prompt.outcome, prompt.closed_at = PromptOutcome.ANSWERED, timezone.now()
    prompt.save(update_fields=["outcome", "closed_at", "updated_at"])
    publish(SurveyAnswered(prompt_id=prompt.id, survey=survey, plan=plan, score=score), actor=actor)
    STANDINGS.invalidate()
    return answer


@transaction.atomic
def survey_dismiss(*, actor: Actor, survey: str, is_later: bool = False) -> None:
    """Not answer: at all, or not now. Who puts it off for the third time does not want to be asked.

    Publishes feedback.survey_dismissed, unless it is put off. Locks the member.
    Raises NotFound (it was not asked, or is over), ImpersonationRefused.
    """
    _member, prompt = _open_prompt(actor, survey)
    if is_later and prompt.laters < MAX_LATERS:
        prompt.later_until, prompt.laters = timezone.now() + LATER, prompt.laters + 1
        prompt.save(update_fields=["later_until", "laters", "updated_at"])
        STANDINGS.invalidate()
        return
    _close(actor, prompt, PromptOutcome.DISMISSED)


@transaction.atomic
def prompts_expire() -> int:
    """In the tenant: close what has stood there for EXPIRES_AFTER; how many. At most 500 at a time.

    Publishes feedback.survey_dismissed for each.
    """
    before = timezone.now() - EXPIRES_AFTER
    old = Prompt.objects.select_for_update(skip_locked=True).filter(
        closed_at=None, created_at__lte=before
    )
    found = [one for one in old.order_by("id")[:500] if (one.later_until or before) <= before]
    for prompt in found:
        _close(ACTOR, prompt, PromptOutcome.EXPIRED)
    return len(found)


def plan_code() -> str:
    """Of the current tenant's plan; empty: none. One statement."""
    held = plan_of(require_tenant().id)
    return held.plan_version.plan.code if held else ""


def _close(actor: Actor, prompt: Prompt, outcome: PromptOutcome) -> None:
    prompt.outcome, prompt.closed_at = outcome, timezone.now()
    prompt.save(update_fields=["outcome", "closed_at", "updated_at"])
    publish(
        SurveyDismissed(
            prompt_id=prompt.id, survey=prompt.survey, plan=plan_code(), outcome=outcome.value
        ),
        actor=actor,
    )
    STANDINGS.invalidate()


def _open_prompt(actor: Actor, survey: str) -> tuple[Member, Prompt]:
    """The actor's row, locked, and what they are asked. Raises NotFound, ImpersonationRefused."""
    if actor.impersonator is not None:
        raise ImpersonationRefused
    if actor.member_id is None:
        raise NotFound
    member = _member_locked(actor.member_id)
    prompt = Prompt.objects.filter(member=member, survey=survey, closed_at=None).first()
    if prompt is None:
        raise NotFound(_("You are not asked this now."))
    return member, prompt


def _member_locked(member_id: uuid.UUID) -> Member:
    """Raises NotFound."""
    found = Member.objects.select_for_update(no_key=True).filter(id=member_id).first()
    if found is None:
        raise NotFound
    return found
