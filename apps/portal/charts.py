"""Stacked bars as geometry for inline SVG: attributes and classes only, so that the CSP is content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.template.defaultfilters import date as format_date

from apps.credits.amounts import credits_format

# Of the viewBox, which is stretched to the space that there is.
STEP = 10
HEIGHT = 100
GAP = 2
# More days than this are drawn as weeks.
MAX_BARS = 93
# Classes of the series in their order; the last is of all others.
CLASSES = ("chart-a", "chart-b", "chart-c", "chart-d", "chart-e", "chart-rest")


@dataclass(frozen=True, slots=True)
class Segment:
    css: str
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Bar:
    """title: what a pointer over it says."""

    x: str
    title: str
    segments: Sequence[Segment]


@dataclass(frozen=True, slots=True)
class Key:
    """Of the legend."""

    css: str
    label: str
    amount: int


@dataclass(frozen=True, slots=True)
class Chart:
    """top: microcredits at the upper edge. keys: none where one colour says it all."""

    bars: Sequence[Bar]
    keys: Sequence[Key]
    top: int
    since: date
    until: date
    is_weekly: bool

    @property
    def width(self) -> int:
        return len(self.bars) * STEP

    @property
    def bar_width(self) -> int:
        return STEP - GAP

    @property
    def half(self) -> int:
        return self.top // 2


def chart_of(
    days: Sequence[date], by_day: Mapping[date, Mapping[int, int]], labels: Sequence[str], rest: str
) -> Chart:
    """days: every one of the period, in order. by_day: microcredits by the place in `labels`.

    What has no place there is drawn as `rest`. Refunds above the day's use are drawn as nothing.
    """
    is_weekly = len(days) > MAX_BARS
    places = list(range(len(labels)))
    spans: dict[date, dict[int, int]] = {}
    totals: dict[int, int] = {}
    for day in days:
        start = day - timedelta(days=day.weekday()) if is_weekly else day
        parts = spans.setdefault(max(start, days[0]), {})
        for place, amount in by_day.get(day, {}).items():
            own = place if place in places else len(CLASSES) - 1
            parts[own] = parts.get(own, 0) + amount
            totals[own] = totals.get(own, 0) + amount
    most = max((sum(max(0, one) for one in parts.values()) for parts in spans.values()), default=0)
    top = nice(most)
    names = dict(enumerate(labels)) | {len(CLASSES) - 1: rest}
    return Chart(
        bars=[_bar(number, *span, top, is_weekly) for number, span in enumerate(spans.items())],
        keys=[Key(CLASSES[own], names[own], totals[own]) for own in sorted(totals) if totals[own]],
        top=top,
        since=days[0],
        until=days[-1],
        is_weekly=is_weekly,
    )


def nice(amount: int) -> int:
    """The next round number of credits, so that the scale can be read; at least a millionth."""
    size = 1
    while size * 10 <= amount:
        size *= 10
    return next((size * step for step in (1, 2, 4, 5, 6, 8) if size * step >= amount), size * 10)


def _bar(number: int, day: date, parts: Mapping[int, int], top: int, is_weekly: bool) -> Bar:
    y = float(HEIGHT)
    segments = []
    for place in sorted(parts):
        height = max(0, parts[place]) * HEIGHT / top
        y -= height
        if height:
            segments.append(Segment(CLASSES[place], f"{y:.3f}", f"{height:.3f}"))
    when = format_date(day, "j M Y")
    title = f"{when} and the days after" if is_weekly else when
    used = credits_format(sum(parts.values()))
    return Bar(str(number * STEP + GAP // 2), f"{title}: {used}", segments)
