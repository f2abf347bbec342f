"""Text keys, title cores and the marks that keep recordings apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_music_tracker.text import marks, similarity, split_guests, strip_title, text_key, title_core


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Björk", "bjork"),
        ("Don’t", "Don't"),
        ("Guns N’ Roses", "GUNS N' ROSES"),
        ("Simon & Garfunkel", "Simon and Garfunkel"),
        ("Jay‐Z", "JAY-Z"),
        ("Straße", "STRASSE"),
        ("ＡＢＢＡ", "ABBA"),
        ("Sigur  Rós", "Sigur Ros"),
    ],
)
def test_two_spellings_have_one_key(one: str, other: str) -> None:
    assert text_key(one) == text_key(other)


@pytest.mark.parametrize("text", ["!!!", "+/-", "***", "÷", "♥"])
def test_a_name_of_signs_alone_keeps_them(text: str) -> None:
    assert text_key(text) == text


@pytest.mark.parametrize(("one", "other"), [("ガ", "カ"), ("कि", "क"), ("!!!", "???")])
def test_marks_that_carry_meaning_stay(one: str, other: str) -> None:
    assert text_key(one) != text_key(other)


@given(st.text())
def test_a_key_is_its_own_key(text: str) -> None:
    assert text_key(text_key(text)) == text_key(text)


@given(st.text(min_size=1).filter(str.strip))
def test_nothing_loses_its_whole_name(text: str) -> None:
    assert text_key(text)
    assert title_core(text)


@pytest.mark.parametrize(
    ("title", "core"),
    [
        ("Song (feat. A & B) [2011 Remaster]", "song"),
        ("Song - Remastered 2009", "song"),
        ("Song - 2011 - Remaster", "song 2011"),
        ("Song feat. Somebody", "song"),
        ("Song ft. X (Remix)", "song remix"),
        ("Song (with Justin Bieber)", "song"),
        ("Song - featuring X", "song"),
        ("Song (Album Version)", "song"),
        ("Song (Original Mix)", "song"),
        ("Song [Explicit]", "song"),
        ("Song (Bonus Track)", "song"),
        ("Song (40th Anniversary Remaster)", "song"),
        ("Song (Live / Remastered 2010)", "song live"),
        ("Pt. 2", "part 2"),
    ],
)
def test_a_core_drops_guests_and_release_noise(title: str, core: str) -> None:
    assert title_core(title) == core


@pytest.mark.parametrize(
    "title",
    [
        "Song (Live)",
        "Song - Remix",
        "Song (Acoustic)",
        "Song [Demo]",
        "Song, Pt. 2",
        "Song (Taylor's Version)",
        "Song (With You)",
        "Defeat",
        "20 Ft From Stardom",
        "(Remastered)",
        "Remaster of Puppets",
    ],
)
def test_what_makes_another_recording_or_title_stays(title: str) -> None:
    assert title_core(title) not in {"song", "", "20"}


def test_guests_are_handed_out() -> None:
    assert strip_title("Song (feat. A & B) - with C") == ("Song", ("A & B", "C"))
    assert split_guests("A feat. B") == ("A", ["B"])
    assert split_guests("A (with B)") == ("A", ["B"])
    assert split_guests("feat. B") == ("feat. B", [])


@pytest.mark.parametrize(
    ("core", "expected"),
    [("song", ()), ("song 2", ("2",)), ("live in 1975", ("live", "1975")), ("symphony ii", ("ii",))],
)
def test_marks(core: str, expected: tuple[str, ...]) -> None:
    assert marks(core) == expected


@given(st.text(max_size=12), st.text(max_size=12))
def test_similarity_has_no_direction(one: str, other: str) -> None:
    assert similarity(one, other) == similarity(other, one)
    assert similarity(one, one) == 1.0


@pytest.mark.parametrize(
    "text", [" " * 20_000 + "x", "(" * 20_000, " - " * 9000, "feat. " * 5000, "1 " * 9000 + "remaster"]
)
def test_hostile_text_is_read_quickly(text: str) -> None:
    title = f"Song{text}"
    assert title_core(title)
    assert split_guests(title)[0]
    assert similarity(title, f"{title}x") == 0.0
