"""Artwork drawn on the spot: a gradient, a motif and the title."""

import colorsys
import io
import math
import unicodedata
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 300, 450
SAFE_WIDTH = 172
"""Cards cut posters at both sides; this much of the middle stays."""
FONT = ImageFont.load_default(26)
LINE = 32
GOLDEN = (math.sqrt(5) - 1) / 2
"""Neighbouring numbers times this, modulo 1, are far apart: neighbouring titles get unlike colours."""

Colour = tuple[int, int, int]


@lru_cache(maxsize=256)
def poster(title: str, *, height: int = HEIGHT) -> bytes:
    """A PNG poster for a title; the same title looks the same each time."""
    number = sum(index * ord(letter) for index, letter in enumerate(title, 1))
    hue = number * GOLDEN % 1
    # Turned a little in a larger frame, so that no corner stays empty.
    slope = Image.linear_gradient("L").resize((2 * WIDTH, height)).rotate(15, Image.Resampling.BICUBIC)
    shade = slope.crop((WIDTH // 2, height // 8, WIDTH * 3 // 2, height * 7 // 8)).resize((WIDTH, height))
    picture = Image.composite(_plain(_colour(hue + 0.1, 0.13), height), _plain(_colour(hue, 0.6), height), shade)
    picture.paste(_plain(_colour(hue + 0.2, 0.85), height), mask=_motif(number, height))
    brush = ImageDraw.Draw(picture)
    lines = _wrapped(title)
    for row, line in enumerate(reversed(lines), 1):
        brush.text((WIDTH / 2, height - LINE * row), line, font=FONT, fill="white", anchor="mm")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _plain(colour: Colour, height: int) -> Image.Image:
    return Image.new("RGB", (WIDTH, height), colour)


def _colour(hue: float, lightness: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue % 1, lightness, 0.5)
    return round(red * 255), round(green * 255), round(blue * 255)


def _motif(number: int, height: int) -> Image.Image:
    """Overlapping rings as a mask, drawn at twice the size so that their edges are smooth."""
    mask = Image.new("L", (2 * WIDTH, 2 * height), 0)
    brush = ImageDraw.Draw(mask)
    centre_x, centre_y, petals, radius = (
        2 * (WIDTH / 2 - 35 + number % 70),
        0.66 * height,
        3 + number % 6,
        110 + number % 40,
    )
    for turn in range(petals):
        x = centre_x + 76 * math.cos(math.tau * turn / petals)
        y = centre_y + 76 * math.sin(math.tau * turn / petals)
        brush.ellipse((x - radius, y - radius, x + radius, y + radius), outline=110, width=4)
    return mask.resize((WIDTH, height), Image.Resampling.LANCZOS)


def _wrapped(title: str) -> list[str]:
    """The title in capitals (the built-in font has no accents, which capitals can do without), in lines that fit."""
    bare = "".join(
        letter for letter in unicodedata.normalize("NFKD", title.upper()) if not unicodedata.combining(letter)
    )
    lines: list[str] = []
    for word in bare.replace("’", "'").split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and FONT.getlength(longer) <= SAFE_WIDTH:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
