"""Colours as people write them, and whether text on them can be read (WCAG 2.2)."""

import re

HEX = re.compile(r"#[0-9a-f]{6}")
# Success criterion 1.4.3: text against what is behind it.
READABLE = 4.5


def color_parse(text: str) -> str:
    """`#rrggbb` in lower case; also of `rrggbb` and `#rgb`. Raises ValueError."""
    digits = text.strip().lower().removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    color = f"#{digits}"
    if not HEX.fullmatch(color):
        raise ValueError(f"{text!r} is no colour")
    return color


def contrast(first: str, second: str) -> float:
    """From 1 to 21, whichever is the text. Of `#rrggbb` each."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
