"""Counters of workflows over all tenants: a row for each outcome, whatever the number of tenants."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from django.db import connection

from apps.adoption.durations import bucket_of, median_s
from apps.adoption.enums import FunnelOutcome
from apps.adoption.models import FunnelCount
from apps.common.access import require_platform
from apps.common.actors import Actor

COUNT = """
INSERT INTO adoption_funnelcount AS known (workflow, version, month, step, outcome, bucket, count)
VALUES (%s, %s, %s, %s, %s, %s, 1)
ON CONFLICT (workflow, version, month, step, outcome, bucket) DO UPDATE SET count = known.count + 1
"""


@dataclass(frozen=True, slots=True)
class Passage:
    """One workflow, or one step of it, that came to an outcome. step: empty for the workflow.

    version, began_at: of the workflow, when it began. took_s: from then on, in seconds.
    """

    workflow: str
    version: int
    began_at: datetime
    outcome: FunnelOutcome
    step: str = ""
    took_s: int = 0


def passage_count(passage: Passage) -> None:
    """For the system, in a handler's transaction. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            [
                passage.workflow,
                passage.version,
                passage.began_at.astimezone(UTC).date().replace(day=1),
                passage.step,
                passage.outcome,
                bucket_of(passage.took_s),
            ],
        )


@dataclass(slots=True)
class Counted:
    """How many came to each outcome, and how long those took that were done, by bucket."""

    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    took: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def done(self) -> int:
        return self.outcomes[FunnelOutcome.DONE]

    @property
    def skipped(self) -> int:
        return self.outcomes[FunnelOutcome.SKIPPED]

    @property
    def median_s(self) -> float | None:
        """To within 10 %; None where nobody is done."""
        return median_s(self.took)

    def add(self, outcome: str, bucket: int, count: int) -> None:
        self.outcomes[outcome] += count
        if outcome == FunnelOutcome.DONE:
            self.took[bucket] += count


@dataclass(slots=True)
class Funnel:
    """Of a workflow and the version that it began with. whole: of the workflow; steps: by their code."""

    workflow: str
    version: int
    whole: Counted = field(default_factory=Counted)
    steps: dict[str, Counted] = field(default_factory=lambda: defaultdict(Counted))

    @property
    def started(self) -> int:
        return self.whole.outcomes[FunnelOutcome.STARTED]


def funnels(actor: Actor, *, since: date | None = None) -> Sequence[Funnel]:
    """Of what began in the month of `since` or later; by workflow, the newest version first.

    One statement, of a row for each outcome and duration, whatever the number of tenants.
    """
    require_platform(actor)
    rows = FunnelCount.objects.all()
    if since is not None:
        rows = rows.filter(month__gte=since.replace(day=1))
    found: dict[tuple[str, int], Funnel] = {}
    for row in rows.order_by("workflow", "-version"):
        funnel = found.setdefault((row.workflow, row.version), Funnel(row.workflow, row.version))
        counted = funnel.steps[row.step] if row.step else funnel.whole
        counted.add(row.outcome, row.bucket, row.count)
    return list(found.values())
