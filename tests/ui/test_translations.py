"""The French catalogues are complete and true to their messages."""

import re
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
PANEL = ROOT / "ui" / "regie_ui"
CORE = ROOT / "core" / "regie"

METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"extensions": "jinja2.ext.do", "silent": "false"}}
KEYWORDS = {"_": None, "ngettext": (1, 2), "msgid": None}
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def _used() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(str(PANEL), METHODS, OPTIONS, KEYWORDS)
    return {message for _file, _line, message, *_ in found}


def _translated(path: Path) -> dict[str | tuple[str, ...], Message]:
    with path.open("rb") as file:
        return {message.id: message for message in read_po(file, locale="fr") if message.id}


def test_every_message_of_the_panel_has_a_french_text() -> None:
    french = _translated(PANEL / "translations" / "fr.po")

    assert [message for message in _used() if message not in french or not all(_texts(french[message]))] == []


def test_the_french_catalogue_holds_nothing_that_is_no_longer_said() -> None:
    assert set(_translated(PANEL / "translations" / "fr.po")) - _used() == set()


def test_placeholders_survive_translation() -> None:
    for message in _translated(PANEL / "translations" / "fr.po").values():
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        for original, text in zip(ids, _texts(message), strict=True):
            assert sorted(PLACEHOLDER.findall(original)) == sorted(PLACEHOLDER.findall(text)), text


def test_no_template_shows_words_outside_the_catalogue() -> None:
    for path in sorted((PANEL / "templates").glob("*.html")):
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", path.read_text(), flags=re.DOTALL)
        text = re.sub(r"<[^>]*>|[\w-]+=\"[^\"]*\"", " ", text, flags=re.DOTALL)
        words = set(re.findall(r"[A-Za-zÀ-ÿ]{3,}", text)) - {"regie", "Regie", "Ctrl"}
        if path.name != "style.html":  # names of people and films
            assert words == set(), path.name


def test_texts_of_the_core_are_still_said_by_the_core() -> None:
    sources = "".join(path.read_text() for path in CORE.rglob("*.py"))

    assert [text for text in _translated(CORE / "translations" / "fr.po") if str(text) not in sources] == []


def _texts(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, tuple | list) else (message.string,)
