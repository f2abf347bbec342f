"""The catalogue of reasons: whole in both languages."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import regie_kiosk
from regie_kiosk.reasons import _SENTENCES, LANGUAGES, codes, reason

PACKAGE = Path(regie_kiosk.__file__).parent


def names(code: str, language: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(_template(code, language)) if name}


def _template(code: str, language: str) -> str:
    return _SENTENCES[code][LANGUAGES.index(language)]


@pytest.mark.parametrize("code", codes())
def test_both_languages_name_the_same_things(code: str) -> None:
    assert names(code, "en") == names(code, "fr")
    assert _template(code, "en") != _template(code, "fr")


def _used() -> set[str]:
    found: set[str] = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "reason"
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(str(node.args[0].value))
    return found


def test_every_code_is_used_and_every_used_code_is_written() -> None:
    aspects = {code for code in codes() if re.match("ahead_", code)}
    assert _used() | aspects == set(codes())


def test_an_unknown_code_is_a_fault_of_the_program() -> None:
    with pytest.raises(KeyError, match="catalogue"):
        reason("no_such_code")


def test_an_unknown_language_is_answered_in_english() -> None:
    assert reason("sample").sentence("de") == "It is a sample."
