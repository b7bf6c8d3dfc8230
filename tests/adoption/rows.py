"""A row of each shared table in which tenants are, for tests of their boundaries."""

import uuid

from django.utils import timezone

from apps.adoption.models import FeatureDay, FeatureUse, SurveyAnswer
from apps.tenants.models import Tenant

PERSON_ID = uuid.UUID("0197c2a4-1111-7000-8000-000000000099")


def give_use(tenant: Tenant, mark: str = "x") -> None:
    """mark: stands where words are the tenant's own."""
    day = timezone.now().date()
    FeatureUse.objects.create(tenant=tenant, feature=mark, day=day, person_id=PERSON_ID, uses=1)
    FeatureDay.objects.create(tenant=tenant, feature=mark, day=day, people=1, uses=1)
    SurveyAnswer.objects.create(
        tenant=tenant, survey="platform.nps", person_id=PERSON_ID, score=9, comment=f"{mark} words"
    )
