"""The colour tokens keep WCAG AA in both themes, computed from the style sheet itself."""

import math
import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "ui" / "regie_ui" / "static" / "css" / "tokens.css").read_text()
HUE = 265.0
THEMES = {"light": 0, "dark": 1}

Rgb = tuple[float, float, float]

TEXTS = ["text", "muted", "faint", "accent-text", "good", "warn", "info", "bad", "live"]
GROUNDS = ["bg", "surface", "rail"]
TONES = ["good", "warn", "info", "bad", "live"]
GRAPHICS = ["good-fill", "info-fill", "live-fill", "edge"]


def _oklab(text: str) -> Rgb:
    lightness, chroma, hue = (float(part) for part in re.sub(r"var\(--hue\)", str(HUE), text).split("/")[0].split())
    angle = math.radians(hue)
    return lightness, chroma * math.cos(angle), chroma * math.sin(angle)


def _linear(lab: Rgb) -> Rgb:
    """Linear sRGB of an Oklab colour. Source of the matrices: Björn Ottosson, "A perceptual color space", 2020."""
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return min(max(red, 0), 1), min(max(green, 0), 1), min(max(blue, 0), 1)


def _token(name: str, theme: str) -> Rgb:
    found = re.search(rf"--{name}: light-dark\(oklch\((.+?)\), oklch\((.+?)\)\);", TOKENS)
    assert found, name
    return _oklab(found.group(1 + THEMES[theme]))


def _contrast(one: Rgb, other: Rgb) -> float:
    def luminance(lab: Rgb) -> float:
        red, green, blue = _linear(lab)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _mixed(one: Rgb, share: float, other: Rgb) -> Rgb:
    first, second, third = (share * a + (1 - share) * b for a, b in zip(one, other, strict=True))
    return first, second, third


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_is_readable_on_every_ground(theme: str, ground: str, text: str) -> None:
    assert _contrast(_token(text, theme), _token(ground, theme)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("tone", TONES)
def test_a_badge_is_readable_on_its_own_tint(theme: str, tone: str) -> None:
    colour = _token(tone, theme)

    assert _contrast(colour, _mixed(colour, 0.16, _token("surface", theme))) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_the_primary_button_is_readable(theme: str) -> None:
    assert _contrast(_token("accent-ink", theme), _token("accent", theme)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("graphic", GRAPHICS)
def test_charts_and_borders_of_fields_stand_out(theme: str, graphic: str) -> None:
    assert _contrast(_token(graphic, theme), _token("surface", theme)) >= 3
