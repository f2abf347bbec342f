"""Artist lines into artists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_music_tracker.credits import CreditReader, Role, discogs_credits, match_keys
from regie_music_tracker.text import text_key

LIBRARY = {"queen", "david bowie", "a ap rocky", "tyler the creator", "tyler", "the creator", "above", "beyond"}


@pytest.fixture
def reader() -> CreditReader:
    return CreditReader(known=LIBRARY.__contains__)


def names(reader: CreditReader, artist: str, title: str = "", *structured: str) -> list[str]:
    return [credit.name for credit in reader.read(artist, title, structured)]


@pytest.mark.parametrize(
    "artist",
    ["AC/DC", "Tyler, The Creator", "Earth, Wind & Fire", "Iron & Wine", "Kool & The Gang", "Malcolm X", "!!!", "X"],
)
def test_names_with_separators_survive(reader: CreditReader, artist: str) -> None:
    assert names(reader, artist) == [artist]


@pytest.mark.parametrize(
    ("artist", "expected"),
    [
        ("Queen & David Bowie", ["Queen", "David Bowie"]),
        ("Queen and David Bowie", ["Queen", "David Bowie"]),
        ("Queen vs. David Bowie", ["Queen", "David Bowie"]),
        ("Queen x David Bowie", ["Queen", "David Bowie"]),
        ("Queen, Nobody Known", ["Queen, Nobody Known"]),
        ("Queen; Nobody Known", ["Queen", "Nobody Known"]),
        ("Queen / Nobody", ["Queen", "Nobody"]),
        ("Queen • Nobody · Someone|Else", ["Queen", "Nobody", "Someone", "Else"]),
        ("Tyler, The Creator, A$AP Rocky", ["Tyler, The Creator", "A$AP Rocky"]),
        ("Tyler, The Creator feat. Queen & David Bowie", ["Tyler, The Creator", "Queen", "David Bowie"]),
        ("Queen ft David Bowie", ["Queen", "David Bowie"]),
        ("Queen (with David Bowie)", ["Queen", "David Bowie"]),
        ("Queen - featuring David Bowie", ["Queen", "David Bowie"]),
        ("Queen & queen", ["Queen"]),
    ],
)
def test_lists_are_split(reader: CreditReader, artist: str, expected: list[str]) -> None:
    assert names(reader, artist) == expected


def test_a_known_whole_is_not_split() -> None:
    known = {"above", "beyond", "above and beyond"}
    assert names(CreditReader(known=known.__contains__), "Above & Beyond") == ["Above & Beyond"]
    assert names(CreditReader(known={"above", "beyond"}.__contains__), "Above & Beyond") == ["Above", "Beyond"]


def test_a_structured_list_is_believed_only_when_it_has_structure(reader: CreditReader) -> None:
    assert names(reader, "A, B", "", "A", "B") == ["A", "B"]
    assert names(reader, "Queen & David Bowie", "", "Queen & David Bowie") == ["Queen", "David Bowie"]
    assert names(reader, "Queen feat. David Bowie", "", "Queen") == ["Queen", "David Bowie"]


def test_guests_of_the_title_are_credited_as_such(reader: CreditReader) -> None:
    credits_ = reader.read("Queen", "Under Pressure (feat. David Bowie)")
    assert [(credit.name, credit.role) for credit in credits_] == [
        ("Queen", Role.PRIMARY),
        ("David Bowie", Role.FEATURED),
    ]


def test_ids_go_to_the_names_they_were_listed_with(reader: CreditReader) -> None:
    credits_ = reader.read("A, B", "", ("A", "B"), ("id-a", "id-b"))
    assert [credit.mbid for credit in credits_] == ["id-a", "id-b"]
    assert [credit.mbid for credit in reader.read("A, B", "", ("A", "B"), ("id-a",))] == ["", ""]


def test_a_persons_rule_comes_first() -> None:
    reader = CreditReader(known=LIBRARY.__contains__, divide={text_key("Queen & David Bowie"): ["Both"]}.get)
    assert names(reader, "Queen & David Bowie") == ["Both"]


def test_discogs_numbers_go_and_variations_are_for_display() -> None:
    found = discogs_credits([{"name": "Nirvana (2)", "anv": ""}, {"name": "Prince", "anv": "The Artist"}, {"name": ""}])
    assert [(credit.name, credit.key) for credit in found] == [("Nirvana", "nirvana"), ("The Artist", "prince")]


def test_match_keys_do_not_care_how_a_list_is_written(reader: CreditReader) -> None:
    lists = ["Queen & David Bowie", "Queen, David Bowie", "queen and DAVID BOWIE"]
    assert {match_keys(reader.read(line)) for line in lists} == {frozenset({"queen", "david bowie"})}
    assert match_keys(reader.read("The Beatles")) == match_keys(reader.read("Beatles"))


@given(st.text(min_size=1).filter(str.strip), st.text())
def test_any_line_names_somebody_once(artist: str, title: str) -> None:
    found = CreditReader(known=lambda _: True).read(artist, title)
    assert found
    assert len({credit.key for credit in found}) == len(found)


def test_a_line_of_a_thousand_names_is_read_quickly() -> None:
    line = " & ".join(f"n{number}" for number in range(1000))
    assert len(CreditReader(known=lambda key: " " not in key).split(line)) == 1
