"""Icons of an installed workspace: its initial on the platform's colour, as PNG, which every phone takes."""

import io
import unicodedata
from functools import lru_cache

from django.urls import reverse
from PIL import Image, ImageDraw, ImageFont

from apps.tenants.models import Tenant

# As in static/img/mark.svg, whose shape stands where the font of the package has no such letter.
COLOUR, INK = "#3457c9", "#ffffff"
MARK = ((6, 8.25), (9.1, 16), (12, 9.6), (14.9, 16), (18, 8.25))
MARK_VIEW, MARK_LINE = 24, 1.9
# Drawn larger, and made smaller: Pillow smooths no edges of shapes.
OVERSAMPLED = 2
CORNER, LETTER, LETTER_MASKABLE = 0.25, 0.6, 0.46

# `any` has round corners of its own. `maskable` is cut by the system, outside of a circle of 80 % (W3C
# Manifest), and so are Apple's. `badge` is a silhouette for Android's bar.
KINDS = ("any", "maskable", "badge")
SIZES = (96, 180, 192, 512)


def letter_of(name: str) -> str:
    """The first letter or digit, in the Latin alphabet without accents; empty for others."""
    first = next((char for char in name if char.isalnum()), "")
    plain = unicodedata.normalize("NFKD", first)[:1].upper()
    return plain if plain.isascii() else ""


def icon_url(tenant: Tenant, kind: str, size: int) -> str:
    """A path on the workspace's host, another one as soon as the icon is."""
    return f"{reverse('app-icon', args=[kind, size])}?v={letter_of(tenant.name) or '-'}"


@lru_cache(maxsize=512)
def icon_png(letter: str, kind: str, size: int) -> bytes:
    """letter: of `letter_of`. kind: of KINDS. size: in pixels. About 25 ms for the largest."""
    side = size * OVERSAMPLED
    is_badge, is_cut = kind == "badge", kind == "maskable"
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    if not is_badge:
        corner = 0 if is_cut else int(side * CORNER)
        draw.rounded_rectangle((0, 0, side - 1, side - 1), corner, fill=COLOUR)
    share = LETTER_MASKABLE if is_cut else LETTER
    if letter:
        font = ImageFont.load_default(side * share)
        middle = (side / 2, side / 2)
        weight = max(side // 90, 1)
        _centred(draw, middle, letter, font, weight)
    else:
        _mark(draw, side, share)
    made = io.BytesIO()
    image.reduce(OVERSAMPLED).save(made, "PNG")
    return made.getvalue()


def _centred(
    draw: ImageDraw.ImageDraw,
    middle: tuple[float, float],
    letter: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    weight: int,
) -> None:
    """By what is seen of the letter, not by its line."""
    left, top, right, bottom = draw.textbbox((0, 0), letter, font=font, stroke_width=weight)
    place = (middle[0] - (left + right) / 2, middle[1] - (top + bottom) / 2)
    draw.text(place, letter, font=font, fill=INK, stroke_width=weight, stroke_fill=INK)


def _mark(draw: ImageDraw.ImageDraw, side: int, share: float) -> None:
    unit = side * share / LETTER / MARK_VIEW
    shift = (side - unit * MARK_VIEW) / 2
    points = [(x * unit + shift, y * unit + shift) for x, y in MARK]
    width = int(MARK_LINE * unit)
    draw.line(points, fill=INK, width=width, joint="curve")
    for x, y in (points[0], points[-1]):
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=INK)
