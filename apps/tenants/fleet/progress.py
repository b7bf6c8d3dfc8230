"""What a person sees while a run goes on: a bar on a terminal, lines every now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from apps.tenants.fleet.outcome import Outcome
from apps.tenants.fleet.plan import LATE_WAVE, TEMPLATE_WAVE

if TYPE_CHECKING:
    from rich.progress import Progress

LINE_EVERY_S = 5.0
LINE_AT_MOST_EVERY_S = 1.0
LINE_EVERY_SHARE = 0.1
WAVES = {TEMPLATE_WAVE: "template", 1: "canaries", LATE_WAVE: "latecomers"}


def wave_name(number: int) -> str:
    return WAVES.get(number, f"wave {number}")


class Display:
    """Shows nothing; the others say how. total: tenants that the run has left to do."""

    def __init__(self) -> None:
        self.total = self.done = self.failed = 0
        self.wave_number = TEMPLATE_WAVE
        self._since_s, self._since_done = time.monotonic(), 0

    def begin(self, total: int) -> None:
        self.total = total

    def wave(self, number: int, targets: int) -> None:
        self.wave_number = number
        self._since_s, self._since_done = time.monotonic(), self.done
        if number == LATE_WAVE:
            self.total = max(self.total, self.done + targets)

    def advance(self, outcome: Outcome) -> None:
        self.failed += bool(outcome.error)
        self.done += outcome.target.wave != TEMPLATE_WAVE

    def note(self, text: str) -> None:
        """Something that is worth a line of its own."""

    def rate(self) -> float:
        """Tenants a second in this wave: the template and the first of a group take longer."""
        return (self.done - self._since_done) / max(time.monotonic() - self._since_s, 0.001)


class LineDisplay(Display):
    """A line for each wave, each tenth (not more than one a second), each 5 s, and the last tenant."""

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write
        self._line_at_s = 0.0
        self._line_at_done = 0

    def wave(self, number: int, targets: int) -> None:
        super().wave(number, targets)
        if number == TEMPLATE_WAVE:
            self._write(wave_name(number))
        else:
            self._line()

    def advance(self, outcome: Outcome) -> None:
        super().advance(outcome)
        if outcome.error:
            self.note(failure_line(outcome))
        since_s = time.monotonic() - self._line_at_s
        share = self.done - self._line_at_done >= self.total * LINE_EVERY_SHARE
        due = since_s >= LINE_EVERY_S or (share and since_s >= LINE_AT_MOST_EVERY_S)
        if self.done and (due or self.done == self.total):
            self._line()

    def note(self, text: str) -> None:
        self._write(text)

    def _line(self) -> None:
        self._line_at_s, self._line_at_done = time.monotonic(), self.done
        rate = self.rate()
        left_s = (self.total - self.done) / rate if rate else 0
        self._write(
            f"{wave_name(self.wave_number):<10} {self.done:,}/{self.total:,} tenants"
            + (f", {rate:,.0f}/s, about {left_s:,.0f} s left" if rate else "")
            + (f", {self.failed:,} failed" if self.failed else "")
        )


class BarDisplay(Display):
    """A bar, from when there is something to do."""

    def __init__(self, progress: "Progress") -> None:
        super().__init__()
        self._progress = progress
        self._task = progress.add_task(wave_name(TEMPLATE_WAVE), total=None, rate="")

    def begin(self, total: int) -> None:
        super().begin(total)
        self._progress.start()
        self._progress.update(self._task, total=total)

    def wave(self, number: int, targets: int) -> None:
        super().wave(number, targets)
        self._progress.update(self._task, description=wave_name(number), total=self.total)

    def advance(self, outcome: Outcome) -> None:
        super().advance(outcome)
        if outcome.error:
            self.note(failure_line(outcome))
        rate = f"{self.rate():,.0f}/s" + (f", {self.failed:,} failed" if self.failed else "")
        self._progress.update(self._task, completed=self.done, rate=rate)

    def note(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)


def failure_line(outcome: Outcome) -> str:
    return f"FAILED {outcome.target.schema_name}: {outcome.error.partition(chr(10))[0]}"


@contextmanager
def display_on(stream: IO[str], write: Callable[[str], object]) -> Iterator[Display]:
    """stream: where a bar is drawn if it is a terminal. write: writes a line, if it is none."""
    if not stream.isatty():
        yield LineDisplay(write)
        return
    # Here, because a run with nothing to do should not pay for it.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=Console(file=stream))
    try:
        yield BarDisplay(progress)
    finally:
        progress.stop()
