from django.db.models import Q

from apps.adoption.models import FeatureUse, SurveyAnswer, SurveyAsked
from apps.common.personal_data import PersonalRows, Subject, declare, delete


def _person(subject: Subject) -> Q:
    return Q(person_id=subject.person_id)


declare(
    # The sums over all stay: they name nobody.
    PersonalRows(FeatureUse, _person, ("tenant__slug", "feature", "day", "uses", "noted"), delete),
    PersonalRows(
        SurveyAnswer, _person, ("tenant__slug", "survey", "score", "comment", "created_at"), delete
    ),
    PersonalRows(SurveyAsked, _person, ("survey", "asked_at"), delete),
)
