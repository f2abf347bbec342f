"""Catalogues and the choice of a language."""

from pathlib import Path

import pytest

from regie.web.catalogues import Messages, choose_language, read_catalogues

PO = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

msgid "Stream"
msgstr "Flux"

msgid "Untold"
msgstr ""

msgid "%(num)s play"
msgid_plural "%(num)s plays"
msgstr[0] "%(num)s lecture"
msgstr[1] "%(num)s lectures"
"""


@pytest.fixture
def french(tmp_path: Path) -> Messages:
    (tmp_path / "fr.po").write_text(PO)
    return Messages("fr", [read_catalogues(tmp_path)["fr"]])


def test_a_message_without_a_text_stays_english(french: Messages) -> None:
    assert [french.gettext(text) for text in ("Stream", "Untold", "Unknown")] == ["Flux", "Untold", "Unknown"]


def test_zero_is_singular_in_french_and_plural_in_english(french: Messages) -> None:
    assert french.ngettext("%(num)s play", "%(num)s plays", 0) == "%(num)s lecture"
    assert french.ngettext("%(num)s play", "%(num)s plays", 2) == "%(num)s lectures"
    assert Messages("en").ngettext("%(num)s play", "%(num)s plays", 0) == "%(num)s plays"


def test_the_first_catalogue_that_knows_a_message_wins(tmp_path: Path, french: Messages) -> None:
    (tmp_path / "fr.po").write_text(PO.replace("Flux", "Diffusion"))
    own = read_catalogues(tmp_path)["fr"]

    assert Messages("fr", [own, *french._catalogues]).gettext("Stream") == "Diffusion"


def test_a_folder_that_is_not_there_has_no_catalogues(tmp_path: Path) -> None:
    assert read_catalogues(tmp_path / "nothing") == {}


@pytest.mark.parametrize(
    ("wanted", "header", "language"),
    [
        (["fr"], "en", "fr"),
        ([None, ""], "fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        (["de"], "en;q=0.5, fr;q=0.9", "fr"),
        ([], "de, *;q=0.1", "en"),
        ([], "fr;q=oops, en", "en"),
        ([], "", "en"),
    ],
)
def test_the_language_is_the_persons_then_the_browsers_then_english(
    wanted: list[str | None], header: str, language: str
) -> None:
    assert choose_language(wanted, header, ["en", "fr"]) == language
