import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_jellyfin_monitor.devices import LABEL_LENGTH, decoded_agent, identify

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"
TIZEN = (
    "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.5) AppleWebKit/537.36 (KHTML, like Gecko) 85.0.4183.93/6.5 TV Safari/537.36"
)
XBOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 Chrome/58.0 Edge/44.18363.8131"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1"


def device_id(agent: str, stamp: str = "1700000000000") -> str:
    return base64.b64encode(f"{agent}|{stamp}".encode()).decode().replace("=", "1")


@pytest.mark.parametrize(
    ("client", "device", "identifier", "label", "form_and_os"),
    [
        ("Jellyfin Web", "Firefox", device_id(FIREFOX), "Firefox · Windows", ("desktop", "Windows")),
        ("Jellyfin Web", "Firefox", "plain", "Firefox", ("desktop", "")),
        ("Jellyfin Web", "Safari iPhone", device_id(IPHONE), "iPhone", ("phone", "iOS")),
        ("Jellyfin Web", "Chrome Android", "x", "Chrome Android", ("phone", "Android")),
        ("Jellyfin for Tizen", "Samsung Smart TV", device_id(TIZEN), "Samsung TV", ("tv", "Tizen")),
        ("Jellyfin Web", "Edge Chromium", device_id(XBOX), "Xbox", ("console", "Xbox")),
        ("Jellyfin Web", "Sony PS4", "x", "PlayStation 4", ("console", "PlayStation")),
        ("Jellyfin for WebOS", "LG Smart TV", "x", "LG TV", ("tv", "webOS")),
        ("Jellyfin for Android", "Google Pixel 8", "x", "Google Pixel 8", ("phone", "Android")),
        ("Jellyfin for Android TV", "AFTKM", "x", "Fire TV", ("tv", "Fire OS")),
        ("Jellyfin for Android TV (debug)", "Sony something", "x", "Android TV", ("tv", "Android TV")),
        ("Swiftfin tvOS", "Living room", "tvOS_1", "Apple TV", ("tv", "tvOS")),
        ("Swiftfin iPadOS", "Kitchen", "x", "iPad", ("tablet", "iPadOS")),
        ("Infuse-Direct", "Apple TV", "x", "Apple TV", ("tv", "tvOS")),
        ("Infuse", "Bedroom", "x", "Infuse", ("other", "")),
        ("Kodi JellyCon", "htpc", "x", "Kodi", ("tv", "")),
        ("Jellyfin Roku", "Den (4800X)", "x", "Roku", ("tv", "Roku OS")),
        ("Finamp", "iPhone de Dev", "x", "iPhone", ("phone", "iOS")),
        ("Jellyfin MPV Shim", "desk", "x", "MPV Shim", ("desktop", "")),
        ("Chromecast", "Salon", "U2Fsb24=", "Chromecast", ("tv", "Google TV")),
        ("Something new", "Toaster", "x", "Toaster", ("other", "")),
        ("", "", "", "?", ("other", "")),
    ],
)
def test_a_player_is_identified(
    client: str, device: str, identifier: str, label: str, form_and_os: tuple[str, str]
) -> None:
    identity = identify(client, device, identifier)
    assert (identity.label, (identity.form, identity.os)) == (label, form_and_os)


@given(agent=st.text(st.characters(codec="utf-8"), min_size=11, max_size=200), stamp=st.integers(10**12, 10**13 - 1))
def test_a_user_agent_survives_the_device_id(agent: str, stamp: int) -> None:
    assert decoded_agent(device_id(agent, str(stamp))) == agent


@given(client=st.text(max_size=60), device=st.text(max_size=200), identifier=st.text(max_size=200))
def test_any_words_give_an_identity(client: str, device: str, identifier: str) -> None:
    assert 0 < len(identify(client, device, identifier).label) <= LABEL_LENGTH


def test_a_device_id_of_another_kind_is_left_alone() -> None:
    assert decoded_agent(base64.b64encode(b"a friendly name without a time stamp").decode()) is None
    assert decoded_agent("1" * 40) is None
