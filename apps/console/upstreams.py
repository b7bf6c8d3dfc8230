"""Whom the platform asked in the last hour: how it went, and how much of its share each of them took."""

from collections.abc import Sequence

from apps.common.breakers import Breaker, Status
from apps.common.outbound.traffic import Outcome, Traffic, names, traffic_of
from apps.console import rendering as r
from apps.console.pages import Cell, Section, Table
from apps.console.revenue import Notes

HEADERS = ("Upstream", "Breaker", "Answered", "Failed", "Refused", "Mean", "95 %", "Most at once")
NOTES = (
    "Refused: not asked, since as many were asking as may, or it is away.",
    "Most at once: in one process, of the places that it has there.",
)
BREAKERS = {
    "closed": ("Works", "good"),
    "open": ("Not asked", "bad"),
    "half_open": ("Tried once", "warn"),
}


def upstream_sections() -> list[Section]:
    """Two round trips to Redis for each. Raises redis' errors."""
    rows = [_row(traffic_of(name), Breaker(name).status()) for name in names()]
    return [
        Table(
            "Whom we asked, in the last hour",
            HEADERS,
            rows,
            "Nobody was asked within a day.",
        ),
        Notes("", NOTES),
    ]


def _row(traffic: Traffic, status: Status) -> Sequence[Cell]:
    failed = traffic.outcomes[Outcome.FAILED] + traffic.outcomes[Outcome.TIMEOUT]
    late = traffic.outcomes[Outcome.TIMEOUT]
    return (
        r.code(traffic.name),
        _breaker(status),
        f"{traffic.outcomes[Outcome.ANSWERED]:,}",
        f"{failed:,} ({late:,} too late)" if late else f"{failed:,}",
        f"{traffic.outcomes[Outcome.REFUSED]:,}",
        "–" if traffic.mean_ms is None else f"{traffic.mean_ms:,} ms",
        "–" if traffic.p95_ms is None else f"≤ {traffic.p95_ms:,} ms",
        f"{traffic.peak} of {traffic.places}" if traffic.places else "–",
    )


def _breaker(status: Status) -> Cell:
    """Nothing of one that never counted anything: there is none."""
    if status.state == "closed" and not status.succeeded + status.failed:
        return r.NONE
    return r.badge(*BREAKERS[status.state])
