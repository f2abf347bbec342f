"""What a player is: from the app's name, the browser's identification inside its device id, and the device's name.

The web, Tizen and webOS apps make their device id of base64(user agent + "|" + milliseconds), with "=" written as "1".
"""

import base64
import binascii
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from ua_parser import parse

Form = Literal["tv", "phone", "tablet", "desktop", "console", "speaker", "other"]

_STAMPED = re.compile(r"^(?P<agent>.{10,600})\|\d{13}$", re.DOTALL)
LABEL_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of a player; `label` is its name for statistics, such as "Firefox · Windows" or "Apple TV"."""

    label: str
    form: Form = "other"
    os: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    """What an app tells; a label of "" is taken from the device's name."""

    pattern: re.Pattern[str]
    label: str
    form: Form
    os: str = ""


def _rules(*rows: tuple[str, str, Form, str]) -> tuple[_Rule, ...]:
    return tuple(_Rule(re.compile(pattern, re.IGNORECASE), label, form, os) for pattern, label, form, os in rows)


# Tried in order against "client / device name"; the first that is found counts.
_CLIENTS = _rules(
    (r"^Jellyfin for Tizen\b", "Samsung TV", "tv", "Tizen"),
    (r"^Jellyfin for WebOS\b", "LG TV", "tv", "webOS"),
    (r"/ Samsung Smart TV$", "Samsung TV", "tv", "Tizen"),
    (r"/ LG Smart TV$", "LG TV", "tv", "webOS"),
    (r"/ Titan OS$", "Titan OS TV", "tv", "Titan OS"),
    (r"/ Vega OS$", "Fire TV", "tv", "Vega OS"),
    (r"/ Xbox", "Xbox", "console", "Xbox"),
    (r"/ (Sony )?(PS|PlayStation ?)(\d)", r"PlayStation \3", "console", "PlayStation"),
    (r"/ .*\b(NVIDIA )?SHIELD\b", "NVIDIA Shield", "tv", "Android TV"),
    (r"/ (AFT\w+|.*Fire ?TV)", "Fire TV", "tv", "Fire OS"),
    (r"/ .*\bChromecast\b", "Chromecast", "tv", "Google TV"),
    (r"/ .*\bBRAVIA\b", "Sony TV", "tv", "Android TV"),
    (r"/ .*\bMi ?(Box|TV)", "Xiaomi TV", "tv", "Android TV"),
    (r"^Jellyfin (for )?Android ?TV\b", "Android TV", "tv", "Android TV"),
    (r"^Wholphin\b", "Android TV", "tv", "Android TV"),
    (r"^Swiftfin tvOS\b", "Apple TV", "tv", "tvOS"),
    (r"^Swiftfin iPadOS\b", "iPad", "tablet", "iPadOS"),
    (r"^Swiftfin iOS\b", "iPhone", "phone", "iOS"),
    (r"/ .*\bApple ?TV\b", "Apple TV", "tv", "tvOS"),
    (r"/ .*\biPad\b", "iPad", "tablet", "iPadOS"),
    (r"/ .*\biPhone\b", "iPhone", "phone", "iOS"),
    (r"^Jellyfin (Mobile )?\(iOS\)|^Jellyfin iOS\b", "iPhone", "phone", "iOS"),
    (r"^Jellyfin Roku\b|^Jellyfin for Roku\b", "Roku", "tv", "Roku OS"),
    (r"^(Kodi JellyCon|JellyCon|Kodi|EmbyCon)\b", "Kodi", "tv", ""),
    (r"^Infuse\b", "Infuse", "other", ""),
    (r"^(VidHub|SenPlayer|Outplayer)\b", "Apple device", "other", "iOS"),
    (r"^Findroid\b", "", "phone", "Android"),
    (r"^Jellyfin (for )?Android\b", "", "phone", "Android"),
    (r"^(Streamyfin|Fladder|Afinity)\b", "", "phone", ""),
    (r"^(Finamp|Symfonium|Gelli|Fintunes|Manet|Jellify|Tempo)\b", "", "phone", ""),
    (r"^Jellyfin MPV Shim\b", "MPV Shim", "desktop", ""),
    (r"^Jellyfin Media Player\b|^Jellyfin Desktop\b", "Jellyfin desktop", "desktop", ""),
    (r"^(Feishin|Sonixd|Supersonic|Tauon)\b", "Feishin and kin", "desktop", ""),
    (r"^(Jellyfin )?Mopidy\b|^Music Assistant\b|^MusicAssistant\b", "Music Assistant", "speaker", ""),
    (r"^(Google Cast|Chromecast)\b", "Chromecast", "tv", "Google TV"),
    (r"^(Sonos|Alexa|JellyMusic)\b", "Speaker", "speaker", ""),
    (r"^Home Assistant\b", "Home Assistant", "other", ""),
    (r"^(DLNA|Jellyfin DLNA|Emby DLNA)\b", "DLNA", "tv", ""),
    (r"^(Jellyfin Vue|Jellyfin Web|Emby Web)\b", "", "desktop", ""),
    (r"^Jellyfin for Xbox\b|^Jellyfin UWP\b", "Xbox", "console", "Xbox"),
    (r"^(Moonfin|Blink|Reefy)\b", "", "tv", ""),
    (r"/ .*\b(Pixel|Galaxy|SM-[A-Z]\d+|OnePlus|Redmi|Xperia|Moto)\b", "", "phone", "Android"),
    (r"/ .*\bMac(Book)?\b", "Mac", "desktop", "macOS"),
    (r"/ .*\bAndroid\b", "Android", "phone", "Android"),
)

# Tried against a user agent before ua-parser, which takes these for something else.
_AGENTS = _rules(
    (r"\bXbox\b", "Xbox", "console", "Xbox"),
    (r"\bPlayStation (\d)", r"PlayStation \1", "console", "PlayStation"),
    (r"\bNintendo Switch\b", "Nintendo Switch", "console", "Switch"),
    (r"\bTizen\b.*\bTV\b|\bSMART-TV\b", "Samsung TV", "tv", "Tizen"),
    (r"\bWeb0S\b|\bwebOS\.TV\b", "LG TV", "tv", "webOS"),
    (r"\bTitanOS\b", "Titan OS TV", "tv", "Titan OS"),
    (r"\bAFT[A-Z]+\b|\bFire ?TV\b", "Fire TV", "tv", "Fire OS"),
    (r"\bCrKey\b", "Chromecast", "tv", "Google TV"),
    (r"\bRoku\b", "Roku", "tv", "Roku OS"),
    (r"\bHbbTV\b|\bVIDAA\b", "Smart TV", "tv", ""),
    (r"\bTesla\b", "Tesla", "other", "Linux"),
)

_SYSTEM_FORMS: dict[str, Form] = {"Android": "phone", "iOS": "phone", "iPadOS": "tablet"}


@lru_cache(maxsize=4096)
def identify(client: str, device: str, device_id: str) -> Identity:
    """What a player is; never fails, and falls back on the device's name."""
    agent = decoded_agent(device_id)
    by_agent = _of_agent(agent) if agent else None
    rule = next((rule for rule in _CLIENTS if rule.pattern.search(f"{client} / {device}")), None)
    if rule is None:
        return by_agent or Identity(_shortened(device or client))
    label = _label(rule, f"{client} / {device}")
    if label:
        identity = Identity(label, rule.form, rule.os)
        return replace(identity, browser=by_agent.browser) if by_agent else identity
    if by_agent:
        return by_agent
    identity = Identity(_shortened(device or client), rule.form, rule.os)
    return _by_name(identity, device) if rule.form == "desktop" else identity


def decoded_agent(device_id: str) -> str | None:
    """The user agent inside a device id, if that is what it holds."""
    for ones in range(3):
        stem = device_id[: len(device_id) - ones]
        if len(stem) < 24 or device_id[len(stem) :] != "1" * ones:
            break
        try:
            text = base64.b64decode(stem + "=" * ones, validate=True).decode()
        except (binascii.Error, ValueError):
            continue
        if found := _STAMPED.match(text):
            return found["agent"]
    return None


def _of_agent(agent: str) -> Identity:
    parsed = parse(agent)
    browser = parsed.user_agent.family if parsed.user_agent else ""
    if rule := next((rule for rule in _AGENTS if rule.pattern.search(agent)), None):
        return Identity(_label(rule, agent), rule.form, rule.os, browser)
    system = parsed.os.family if parsed.os else ""
    browser = browser.removesuffix(" Mobile").replace("Chrome Mobile WebView", "Android app")
    label = _shortened(" · ".join(part for part in (browser, system) if part) or "Web")
    form = _SYSTEM_FORMS.get(system, "desktop")
    if form == "phone" and ("iPad" in agent or ("Android" in agent and "Mobile" not in agent)):
        form = "tablet"
    return Identity(label, form, system, browser)


def _by_name(identity: Identity, device: str) -> Identity:
    """A browser that tells only its name, such as "Safari iPhone" or "Chrome Android"."""
    if "Android" in device:
        return replace(identity, form="phone", os="Android", browser=device.removesuffix(" Android"))
    return replace(identity, browser=device)


def _label(rule: _Rule, text: str) -> str:
    found = rule.pattern.search(text)
    return found.expand(rule.label) if found else ""


def _shortened(text: str) -> str:
    return text.strip()[:LABEL_LENGTH] or "?"
