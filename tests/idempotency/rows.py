from django.utils import timezone

from apps.idempotency.models import KeptAnswer
from apps.tenants.models import Tenant


def give_kept_answer(tenant: Tenant | None, mark: str = "x") -> None:
    KeptAnswer.objects.create(
        created_at=timezone.now(),
        tenant=tenant,
        caller=mark,
        key=mark,
        fingerprint=mark.encode(),
        status=204,
    )
