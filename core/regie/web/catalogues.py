"""Message catalogues: gettext `.po` files, read as they are (no compiled files to forget)."""

from collections.abc import Iterable, Sequence
from gettext import NullTranslations
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

SOURCE_LANGUAGE = "en"
"""Message ids are English sentences, so English needs no catalogue."""


class Messages(NullTranslations):
    """The texts of one language, looked up in several catalogues in order; English when none has it."""

    def __init__(self, language: str, catalogues: Sequence[Catalog] = ()) -> None:
        super().__init__()
        self.language = language
        self._catalogues = tuple(catalogues)

    def gettext(self, message: str) -> str:
        """The message in this language."""
        for catalogue in self._catalogues:
            entry = catalogue.get(message)
            if entry is not None and entry.string and isinstance(entry.string, str):
                return entry.string
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The singular or plural of a message in this language."""
        for catalogue in self._catalogues:
            entry = catalogue.get(msgid1)
            if entry is not None and isinstance(entry.string, tuple | list) and all(entry.string):
                return str(entry.string[_plural_index(self.language, n, len(entry.string))])
        return msgid1 if n == 1 else msgid2


def _plural_index(language: str, n: int, forms: int) -> int:
    # Babel gives the rule only as a C expression; the two families below are those of every language with two forms.
    rule = get_plural(language).plural_expr
    index = int(n > 1) if "n > 1" in rule else int(n != 1)
    return min(index, forms - 1)


def read_catalogues(folder: Path) -> dict[str, Catalog]:
    """Every `<language>.po` of a folder; empty when the folder is not there."""
    found = {}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            found[path.stem] = read_po(file, locale=path.stem, abort_invalid=True)
    return found


def choose_language(wanted: Iterable[str | None], accepted: str, available: Sequence[str]) -> str:
    """The first wanted language that we have, else the best of an Accept-Language header, else English."""
    for language in (*wanted, *_preferences(accepted)):
        short = (language or "").split("-")[0].split("_")[0].lower()
        if short in available:
            return short
    return SOURCE_LANGUAGE


def _preferences(header: str) -> list[str]:
    weighted = []
    for position, part in enumerate(header.split(",")):
        name, _, weight = part.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), position, name))
        except ValueError:
            continue
    return [name for _, _, name in sorted(weighted)]
