"""Every sentence that people read has its French one."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import regie_geoip
import regie_jellyfin
from regie_geoip import GeoIPFlow
from regie_jellyfin import Jellyfin
from regie_jellyfin.flow import JellyfinFlow

JELLYFIN, GEOIP = (Path(str(package.__file__)).parent for package in (regie_jellyfin, regie_geoip))


def _messages(folder: Path) -> Iterator[str]:
    for path in folder.glob("templates/*.html"):
        yield from re.findall(r'\b_\("([^"]+)"', path.read_text())
        yield from re.findall(r'ngettext\("([^"]+)"', path.read_text())


@pytest.mark.parametrize(
    ("folder", "sentences"),
    [
        (JELLYFIN, [*JellyfinFlow.texts.values(), *(panel.title for panel in Jellyfin().panels())]),
        (GEOIP, list(GeoIPFlow.texts.values())),
    ],
    ids=["jellyfin", "geoip"],
)
def test_every_sentence_has_its_french_one(folder: Path, sentences: list[str]) -> None:
    with (folder / "translations" / "fr.po").open("rb") as file:
        catalogue = read_po(file, locale="fr", abort_invalid=True)
    wanted = {*sentences, *_messages(folder)}
    missing = [text for text in wanted if not ((entry := catalogue.get(text)) and entry.string)]
    assert missing == []
    for entry in catalogue:
        assert not list(entry.check(catalogue))
