"""What the layers below tell the gateway of a request that they answer, so that it can answer the next.

The gateway stands in front of Django (apps/gateway, docs/adr/0046). It puts a Notes into the environment of
a request whose answer it could give itself the next time; who knows something of it notes it there.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.common.caching import Namespace
from apps.common.tenancy import TenantRef

KEY = "wrapper.gate"
# In the environment of a request that the gateway has counted and then left to Django: the Admission.
COUNTED = "wrapper.counted"


@dataclass(slots=True)
class Notes:
    """Empty where the request was another one than it looked like: then nothing is learned from it.

    epochs: the keys that what the caller may do depends on. good_until_s: Unix time until which the caller
    is who they are and may do the same, as long as the epochs are.
    page: reads and writes the same page of the same list again, in the tenant's context. kept_by: a page may
    be kept until that is invalidated, or until turns_at().
    is_refused: it is refused, and will be as long as the epochs are the same. recorded: records one more.
    caller: as whom the request was counted; empty: by its address; None: it was not.
    """

    tenant: TenantRef | None = None
    person_id: uuid.UUID | None = None
    epochs: tuple[str, ...] = ()
    good_until_s: float = 0.0
    page: Callable[[], bytes] | None = None
    caller: str | None = None
    cost: int = 1
    kept_by: Namespace | None = None
    turns_at: Callable[[], datetime | None] | None = None
    is_refused: bool = False
    recorded: Callable[[], object] | None = None


def notes_of(meta: dict[str, Any]) -> Notes | None:
    """Of the request with this environment; None where nobody listens."""
    found: Notes | None = meta.get(KEY)
    return found
