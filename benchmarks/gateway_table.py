"""What was measured of the gateway, beside what is to be reached."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.gateway_servers import Sample

Samples = Mapping[str, Sample]
# Two ways to write it by hand; which is the quicker depends on how busy PostgreSQL is.
HAND_TUNED = ("pg", "pg-json")


@dataclass(frozen=True)
class Row:
    """reached: the figure, a ratio but for costs. is_least: it has to be that at least, else at most."""

    name: str
    measured: str
    reached: float
    target: float
    is_least: bool = True

    @property
    def passes(self) -> bool:
        return self.reached >= self.target if self.is_least else self.reached <= self.target


def print_samples(results: Samples, title: str) -> None:
    print(f"\n{title}")
    print(f"{'':<28} {'requests/s':>11} {'p50 ms':>9} {'p99 ms':>9} {'CPU µs':>9}")
    for name, one in results.items():
        print(
            f"{name:<28} {one.rate:>11.0f} {one.p50_ms:>9.2f} {one.p99_ms:>9.2f} {one.cpu_us:>9.0f}"
        )


def print_table(results: Samples) -> None:
    print(f"\n{'':<62} {'measured':>22} {'':>7} {'to reach':>10}")
    for row in rows(results):
        bound = f"{'>=' if row.is_least else '<='} {row.target:g}"
        verdict = "pass" if row.passes else "SHORT"
        print(f"{row.name:<62} {row.measured:>22} {row.reached:>7.2f} {bound:>10}  {verdict}")


def rows(results: Samples) -> Iterator[Row]:
    """Those of the issue whose both sides were measured."""
    for clients in (16, 64):
        yield from _rates(results, clients)
    for clients in (16, 64):
        for theirs in HAND_TUNED:
            yield from _cost(results, f"uncached/{clients}", f"{theirs}/{clients}")
    for ours, theirs in (
        ("uncached", "drizzle-cached"),
        *(("uncached", theirs) for theirs in HAND_TUNED),
        ("cached", "pg-stamped"),
    ):
        yield from _p99(results, f"{ours}/16", f"{theirs}/16")
    for clients in (16, 64):
        yield from _overhead(results, clients)
    yield from _refusals(results)


def _rates(results: Samples, clients: int) -> Iterator[Row]:
    for ours, theirs, target in (
        ("uncached", "drizzle-cached", 1.5),
        *(("uncached", theirs, 0.9) for theirs in HAND_TUNED),
        ("uncached x2", "pg x2", 1.0),
        ("cached", "pg-stamped", 1.0),
        ("role-bindings", "drizzle", 0.7),
        ("roles", "drizzle", 0.7),
    ):
        one, other = results.get(f"{ours}/{clients}"), results.get(f"{theirs}/{clients}")
        if one and other:
            yield Row(
                f"requests/s at {clients}: {ours} against {theirs}",
                f"{one.rate:.0f} / {other.rate:.0f}",
                one.rate / other.rate,
                target,
            )


def _cost(results: Samples, ours: str, theirs: str) -> Iterator[Row]:
    one, other = results[ours].cpu_us, results[theirs].cpu_us
    measured = f"{one:.0f} / {other:.0f} µs"
    yield Row(f"CPU a request: {ours} against {theirs}", measured, one / other, 1.0, False)


def _p99(results: Samples, ours: str, theirs: str) -> Iterator[Row]:
    if ours in results:
        one, other = results[ours].p99_ms, results[theirs].p99_ms
        measured = f"{one:.1f} / {other:.1f} ms"
        yield Row(f"p99: {ours} against {theirs}", measured, one / other, 1.0, False)


def _overhead(results: Samples, clients: int) -> Iterator[Row]:
    """Of the limits: a list is neither idempotent by key nor audited, and its trace is an id in the log."""
    if bare := results.get(f"unlimited/{clients}"):
        one = results[f"uncached/{clients}"]
        share = one.cpu_us / bare.cpu_us - 1
        yield Row(
            f"what limits add at {clients}, share of CPU",
            f"{one.cpu_us:.0f} / {bare.cpu_us:.0f} µs",
            share,
            0.15,
            False,
        )


def _refusals(results: Samples) -> Iterator[Row]:
    whole = results["uncached/16"].cpu_us
    for name, one in results.items():
        if name[0] == "4":
            measured = f"{one.cpu_us:.0f} / {whole:.0f} µs"
            yield Row(f"CPU: {name}, against a 200", measured, one.cpu_us / whole, 1.0, False)
