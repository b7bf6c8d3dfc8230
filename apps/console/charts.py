"""Bars of a daily count as geometry for inline SVG; attributes only, so that the CSP is content."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH = 600
HEIGHT = 140
GAP = 4


@dataclass(frozen=True, slots=True)
class Bar:
    day: date
    count: int
    x: float
    y: float
    height: float
    width: float


@dataclass(frozen=True, slots=True)
class Chart:
    """values: one count a day, oldest first."""

    values: Sequence[tuple[date, int]]

    @property
    def total(self) -> int:
        return sum(count for _, count in self.values)

    @property
    def top(self) -> int:
        """Of the scale: the largest count, at least 1."""
        return max((count for _, count in self.values), default=0) or 1

    @property
    def width(self) -> int:
        return WIDTH

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def bars(self) -> list[Bar]:
        """A day without any is a line of one unit, so that the axis can be seen."""
        step = WIDTH / max(len(self.values), 1)
        bars = []
        for index, (day, count) in enumerate(self.values):
            height = max(round(HEIGHT * count / self.top, 1), 1.0)
            x, y = round(index * step + GAP / 2, 1), round(HEIGHT - height, 1)
            bars.append(Bar(day, count, x, y, height, round(step - GAP, 1)))
        return bars

    @property
    def newest_first(self) -> list[tuple[date, int]]:
        """For the table beside the chart: only days on which something happened."""
        return [(day, count) for day, count in reversed(self.values) if count]
