from django.db.models import Q

from apps.adoption.models import FeatureUse, FlagRule, SurveyAnswer, SurveyAsked
from apps.common.personal_data import (
    PersonalRows,
    Subject,
    declare,
    delete,
    overwrite,
    pseudonym,
)


def _person(subject: Subject) -> Q:
    return Q(person_id=subject.person_id)


def _acted(subject: Subject) -> Q:
    return Q(actor=subject.email) if subject.email else Q(pk__in=[])


declare(
    # The sums over all stay: they name nobody.
    PersonalRows(FeatureUse, _person, ("tenant__slug", "feature", "day", "uses", "noted"), delete),
    PersonalRows(
        SurveyAnswer, _person, ("tenant__slug", "survey", "score", "comment", "created_at"), delete
    ),
    PersonalRows(FlagRule, _acted, ("code", "updated_at"), overwrite(actor=pseudonym)),
    PersonalRows(SurveyAsked, _person, ("survey", "asked_at"), delete),
)
