"""Writes on surveys, for staff and the system."""

import uuid
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.adoption.checks import CODE
from apps.adoption.enums import SurveyKind, SurveyTrigger
from apps.adoption.events import SurveyChanged
from apps.adoption.models import Survey
from apps.adoption.registry import features
from apps.adoption.surveys import ASKED_NOW, FIELDS, SCOPE, Question, declared_surveys
from apps.common.access import permissions, require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.common.urls import route_exists
from apps.events.services import publish

MAX_DAYS = 3650
QUESTION_LENGTH = 200


@transaction.atomic
def surveys_sync(*, actor: Actor) -> None:
    """Write what code declares, and take out what it declares no more. Can be repeated.

    What is paused stays so. Publishes adoption.survey_changed for each that is another.
    """
    require_platform(actor)
    declared = declared_surveys()
    known = {one.code: one for one in Survey.objects.select_for_update().order_by("id")}
    for code, question in declared.items():
        row = known.get(code)
        values = {**_values(question), "is_declared": True}
        if row is None:
            _changed(actor, Survey.objects.create(**values), "created")
        elif any(getattr(row, name) != value for name, value in values.items()):
            _update(actor, row, values)
    for code, row in known.items():
        if row.is_declared and code not in declared:
            _delete(actor, row)


@transaction.atomic
def survey_create(*, actor: Actor, question: Question) -> Survey:
    """Ask people something from now on. Publishes adoption.survey_changed.

    Raises PermissionDenied, InvalidInput.
    """
    require_platform(actor)
    _validate(question)
    if not CODE.fullmatch(question.code) or len(question.code) > 80:
        raise InvalidInput.field("code", _("Use the form app.thing, in small letters."))
    if Survey.objects.filter(code=question.code).exists():
        raise InvalidInput.field("code", _("There is a survey with this code."), "taken")
    row = Survey.objects.create(**_values(question))
    _changed(actor, row, "created")
    return row


@transaction.atomic
def survey_update(*, actor: Actor, survey_id: uuid.UUID, question: Question) -> Survey:
    """Change one that staff made; its code stays. Publishes adoption.survey_changed.

    Raises PermissionDenied, NotFound, Conflict (code says what it is), InvalidInput.
    """
    require_platform(actor)
    row = _of_staff(survey_id)
    _validate(question)
    _update(actor, row, {**_values(question), "code": row.code})
    return row


@transaction.atomic
def survey_pause(*, actor: Actor, survey_id: uuid.UUID, is_paused: bool) -> Survey:
    """Ask nobody, or ask again. Publishes adoption.survey_changed. Raises PermissionDenied, NotFound."""
    require_platform(actor)
    row = _locked(survey_id)
    if row.is_paused != is_paused:
        row.is_paused = is_paused
        row.save(update_fields=["is_paused", "updated_at"])
        _changed(actor, row, "paused" if is_paused else "resumed")
    return row


@transaction.atomic
def survey_delete(*, actor: Actor, survey_id: uuid.UUID) -> None:
    """Answers and counts stay. Publishes adoption.survey_changed.

    Raises PermissionDenied, NotFound, Conflict (code says what it is).
    """
    require_platform(actor)
    _delete(actor, _of_staff(survey_id))


def _locked(survey_id: uuid.UUID) -> Survey:
    row = Survey.objects.select_for_update().filter(id=survey_id).first()
    if row is None:
        raise NotFound
    return row


def _of_staff(survey_id: uuid.UUID) -> Survey:
    row = _locked(survey_id)
    if row.is_declared:
        raise Conflict(
            _("An app declares this survey: its code says what it is. It can be paused.")
        )
    return row


def _values(question: Question) -> dict[str, Any]:
    return {name: getattr(question, name) for name in FIELDS}


def _update(actor: Actor, row: Survey, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    _changed(actor, row, "updated")


def _delete(actor: Actor, row: Survey) -> None:
    _changed(actor, row, "deleted")
    row.delete()


def _changed(actor: Actor, row: Survey, change: str) -> None:
    ASKED_NOW.invalidate(scope=SCOPE)
    publish(SurveyChanged(survey_id=row.id, code=row.code, change=change), actor=actor)


def _validate(question: Question) -> None:
    if not 1 <= len(question.question) <= QUESTION_LENGTH:
        raise InvalidInput.field("question", _("Write 1 to 200 characters."))
    if question.kind not in SurveyKind.values or question.trigger not in SurveyTrigger.values:
        raise InvalidInput(_("There is no such kind of survey, or no such trigger."))
    if question.permission and question.permission not in permissions():
        raise InvalidInput.field("permission", _("No app declares this permission."))
    if question.trigger == SurveyTrigger.AFTER_DAYS and not 0 <= question.days <= MAX_DAYS:
        raise InvalidInput.field("days", _("Say 0 to 3650 days."))
    if question.trigger == SurveyTrigger.AFTER_USE and question.feature not in features():
        raise InvalidInput.field("feature", _("No app declares this feature."))
    is_page = route_exists(question.page, settings.TENANT_URLCONF)
    if question.trigger == SurveyTrigger.ON_PAGE and not is_page:
        raise InvalidInput.field("page", _("Workspaces have no page of this name."))
