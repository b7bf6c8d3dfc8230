"""The colour tokens meet WCAG 2.2 AA in both themes: 4.5:1 for text, 3:1 for what draws a control."""

import math
import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[2] / "static" / "src" / "tokens.css"
OKLCH = re.compile(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)")
TOKEN = re.compile(
    r"--([a-z-]+): (?:light-dark\((oklch\([^)]+\)), (oklch\([^)]+\))\)|(oklch\([^)]+\)));"
)

SURFACES = ("surface", "raised", "sunken")
STATES = ("success", "warning", "danger", "info")
TEXT_PAIRS = [
    *[(text, back) for text in ("text", "muted", "accent-text", "danger") for back in SURFACES],
    *[(state, f"{state}-soft") for state in STATES],
    *[("text", f"{state}-soft") for state in STATES],
    ("accent-text", "accent-soft"),
    ("text", "accent-soft"),
    ("muted", "accent-soft"),
    ("accent-contrast", "accent"),
    ("accent-contrast", "accent-hover"),
    ("accent-contrast", "danger-fill"),
]
CONTROL_PAIRS = [
    *[("edge", back) for back in ("surface", "raised")],
    *[(f"chart-{series}", "raised") for series in ("a", "b", "c", "d", "e", "rest")],
]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG) of an OKLCH colour, through OKLab and linear sRGB (Ottosson 2020)."""
    match = OKLCH.fullmatch(colour)
    assert match, colour
    lightness, chroma, hue = (float(part) for part in match.groups())
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(1.0, max(0.0, value)) for value in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def themes() -> dict[str, dict[str, str]]:
    found = TOKEN.findall(TOKENS.read_text())
    return {
        "light": {name: light or both for name, light, _dark, both in found},
        "dark": {name: dark or both for name, _light, dark, both in found},
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_is_readable(theme: str) -> None:
    colours = themes()[theme]
    poor = {
        f"{text} on {back}": round(found, 2)
        for text, back in TEXT_PAIRS
        if (found := ratio(colours[text], colours[back])) < 4.5
    }
    assert poor == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_controls_can_be_made_out(theme: str) -> None:
    colours = themes()[theme]
    poor = {
        f"{line} on {back}": round(found, 2)
        for line, back in CONTROL_PAIRS
        if (found := ratio(colours[line], colours[back])) < 3
    }
    assert poor == {}
