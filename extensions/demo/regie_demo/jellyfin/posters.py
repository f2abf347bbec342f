"""Artwork drawn on the spot: a gradient, a motif and the title."""

import colorsys
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 300, 450
LINE = 13
"""Letters that fit on one line of a poster."""


def poster(title: str, *, height: int = HEIGHT) -> bytes:
    """An SVG poster for a title; the same title looks the same each time."""
    number = sum(index * ord(letter) for index, letter in enumerate(title, 1))
    hue = number % 360 / 360
    dark, middle, light = _colour(hue, 0.16), _colour(hue + 0.06, 0.38), _colour(hue + 0.13, 0.68)
    lines = _wrapped(title)
    top = height - 34 - 34 * (len(lines) - 1)
    text = "".join(f'<text x="24" y="{top + 34 * row}">{escape(line)}</text>' for row, line in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
        f'<defs><linearGradient id="g" x1="0" y1="0" x2="0.6" y2="1"><stop offset="0" stop-color="{light}"/>'
        f'<stop offset="0.55" stop-color="{middle}"/><stop offset="1" stop-color="{dark}"/></linearGradient></defs>'
        f'<rect width="{WIDTH}" height="{height}" fill="url(#g)"/>{_motif(number, light, height)}'
        f'<g fill="#fff" font-family="Georgia, serif" font-size="28" font-weight="600">{text}</g></svg>'
    ).encode()


def _colour(hue: float, lightness: float) -> str:
    red, green, blue = colorsys.hls_to_rgb(hue % 1, lightness, 0.55)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _motif(number: int, colour: str, height: int) -> str:
    centre_x, centre_y, petals = 90 + number % 130, height * 0.34, 3 + number % 6
    circles = [
        f'<circle cx="{centre_x + 38 * math.cos(math.tau * turn / petals):.1f}" '
        f'cy="{centre_y + 38 * math.sin(math.tau * turn / petals):.1f}" r="{52 + number % 21}"/>'
        for turn in range(petals)
    ]
    return f'<g fill="none" stroke="{colour}" stroke-opacity="0.55" stroke-width="2">{"".join(circles)}</g>'


def _wrapped(title: str) -> list[str]:
    lines: list[str] = []
    for word in title.split():
        if lines and len(lines[-1]) + 1 + len(word) <= LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or ["Untitled"]
