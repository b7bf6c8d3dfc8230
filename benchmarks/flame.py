"""A flame graph out of collapsed stacks, as an image that needs no script."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

WIDTH, ROW, CHAR = 1200, 18, 6.6
MARGIN = 10
# Narrower ones are not drawn.
LEAST_SHARE = 0.004
OURS, THEIRS = "#4f6bd8", "#8a94a6"
# What every stack begins with says nothing.
SKIPPED = ("process ", "thread ")


@dataclass(slots=True)
class Frame:
    """count: of samples in which it was on the stack."""

    name: str
    count: int = 0
    called: dict[str, "Frame"] = field(default_factory=dict)


def frames(stacks: str) -> Frame:
    """Of lines `frame;frame;... count`, the outermost first."""
    root = Frame("all")
    for line in stacks.splitlines():
        names, _, count = line.rpartition(" ")
        frame = root
        frame.count += int(count)
        for name in names.split(";"):
            if not name.startswith(SKIPPED):
                frame = frame.called.setdefault(name, Frame(name))
                frame.count += int(count)
    return root


def flame_svg(root: Frame, whole: str) -> str:
    """The outermost on top, the widths as the counts. whole: what all of it is."""
    drawn = list(_drawn(root, whole, root.count, 0, 0.0))
    height = (max(depth for depth, _svg in drawn) + 1) * ROW + 2 * MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="monospace" font-size="11">'
    )
    paper = f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, paper, *(svg for _depth, svg in drawn), "</svg>\n"])


def _drawn(
    frame: Frame, name: str, whole: int, depth: int, before: float
) -> Iterator[tuple[int, str]]:
    share = frame.count / whole
    if share < LEAST_SHARE:
        return
    scale = WIDTH - 2 * MARGIN
    x, width, y = MARGIN + before * scale, share * scale, MARGIN + depth * ROW
    color = OURS if "(apps/" in name or not depth else THEIRS
    text = name if len(name) * CHAR < width - 6 else name.partition(" ")[0]
    shown = text[: max(0, int((width - 6) / CHAR))]
    svg = (
        f'<g><title>{escape(name)}: {share:.1%}</title><rect x="{x:.1f}" y="{y}" '
        f'width="{max(width - 0.5, 0.5):.1f}" height="{ROW - 1}" rx="2" fill="{color}"/>'
        f'<text x="{x + 3:.1f}" y="{y + 13}" fill="#ffffff">{escape(shown)}</text></g>'
    )
    yield depth, svg
    for called in sorted(frame.called.values(), key=lambda one: one.name):
        yield from _drawn(called, called.name, whole, depth + 1, before)
        before += called.count / whole
