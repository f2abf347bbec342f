import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_fetcher.errors import StoreUnavailable
from regie_fetcher.names import inside, safe_folder, safe_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Plain title", "Plain title"),
        ("..", "untitled"),
        (".", "untitled"),
        ("", "untitled"),
        ("../../etc/passwd", "etc passwd"),
        ('a/b\\c:d*e?f"g<h>i|j', "a b c d e f g h i j"),
        ("-x", "x"),
        (".hidden", "hidden"),
        ("end. . .", "end"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("lpt1", "_lpt1"),
        ("console", "console"),
        ("abc\u202egnp.exe", "abcgnp.exe"),
        ("\u2066isolate\u2069", "isolate"),
        ("tab\tnew\nline\x00nul", "tab new line nul"),
        ("cafe\u0301", "caf\u00e9"),
        ("a\ud800b", "ab"),
    ],
)
def test_a_title_becomes_a_name(title: str, name: str) -> None:
    assert safe_name(title) == name


def test_three_hundred_emoji_fit_and_end_between_characters() -> None:
    name = safe_name("🎬" * 300)
    assert len(name.encode()) <= 223
    assert set(name) == {"🎬"}


@given(st.text(max_size=400))
def test_any_title_makes_a_name_that_a_disk_takes(title: str) -> None:
    name = safe_name(title)
    assert 0 < len(name.encode()) <= 223
    assert name not in {".", ".."}
    assert not set(name) & set('/\\:*?"<>|')
    assert not name.startswith((".", "-", " "))
    assert not name.endswith((".", " "))
    assert not any(unicodedata.bidirectional(char) in {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI"} for char in name)
    assert safe_name(name) == name


@given(st.text(alphabet="ab./\\ -", max_size=30), st.text(max_size=20))
def test_no_folder_leads_out(folder: str, title: str) -> None:
    root = Path("/library")
    path = root / safe_folder(folder) / safe_name(title)
    assert inside(root, str(path.relative_to(root))) == path
    assert ".." not in path.parts


def test_a_link_that_leads_out_is_seen(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "sly").symlink_to("/etc")
    with pytest.raises(StoreUnavailable, match="leads out"):
        inside(tmp_path / "root", "sly/passwd")
