"""Every sentence that the pages show has a French one."""

from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import regie_jellyfin_monitor
from regie_jellyfin_monitor import JellyfinMonitor

PACKAGE = Path(regie_jellyfin_monitor.__file__).parent


def test_the_french_catalogue_is_complete() -> None:
    found = extract_from_dir(
        PACKAGE / "templates",
        method_map=[("**.html", "jinja2")],
        options_map={"**.html": {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "newstyle_gettext": "true"}},
    )
    wanted = {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found}
    wanted |= {panel.title for panel in JellyfinMonitor().panels()}
    with (PACKAGE / "translations" / "fr.po").open("rb") as file:
        catalogue = read_po(file, locale="fr", abort_invalid=True)
    translated = {
        (one.id[0] if isinstance(one.id, tuple | list) else one.id)
        for one in catalogue
        if one.string and (isinstance(one.string, str) or all(one.string))
    }
    assert len(wanted) > 100
    assert wanted - translated == set()
