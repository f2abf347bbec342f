import io
import json
import logging

import pytest
import structlog

from regie.observe.logs import Redactor, set_up_logs

SECRETS = [
    "GET /Items?api_key=abcdef123 failed",
    "Authorization: Bearer abcdef123",
    "X-Emby-Token: abcdef123",
    '{"password": "abcdef123"}',
    "postgresql://regie:abcdef123@db/regie",
    "access_token=abcdef123&x=1",
    "Pw='abcdef123'",
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_secret_is_taken_out(text: str) -> None:
    cleaned = Redactor().clean(text)
    assert "abcdef123" not in cleaned
    assert "***" in cleaned


@pytest.mark.parametrize("text", ["http://127.0.0.1:8480/x", "Alice began to watch", "the token of appreciation"])
def test_ordinary_words_stay(text: str) -> None:
    assert Redactor().clean(text) == text


def test_known_secrets_are_taken_out_wherever_they_stand() -> None:
    redactor = Redactor()
    redactor.set_known(["correct horse battery", "ab"])
    assert redactor.clean("he said correct horse battery, ab") == "he said ***, ab"


def test_lines_are_json_with_level_and_without_secrets() -> None:
    stream = io.StringIO()
    redactor = Redactor()
    redactor.set_known(["hunter2hunter2"])
    restore = set_up_logs("info", json=True, redactor=redactor, stream=stream)
    try:
        structlog.get_logger("regie.test").info("sent", key="hunter2hunter2", count=3)
        logging.getLogger("library").warning("failed with %s", "hunter2hunter2")
        structlog.get_logger("regie.test").debug("unheard")
        try:
            raise ValueError("hunter2hunter2")
        except ValueError:
            structlog.get_logger("regie.test").exception("broke")
    finally:
        restore()
    assert "hunter2" not in stream.getvalue()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["sent", "failed with ***", "broke"]
    assert lines[0]["count"] == 3
    assert lines[0]["level"] == "info"
