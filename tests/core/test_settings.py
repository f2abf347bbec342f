from pathlib import Path
from typing import Any

import pytest

from regie.errors import ConfigError
from regie.settings import load_settings


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "regie.toml").write_text('port = 1\nhost = "a"\nlog_level = "debug"\n')
    environ = {"REGIE_DATA_DIR": str(tmp_path), "REGIE_PORT": "2", "REGIE_HOST": "b"}
    settings = load_settings({"port": "3", "host": None}, environ)
    assert (settings.port, settings.host, settings.log_level) == (3, "b", "debug")


@pytest.mark.parametrize(
    ("environ", "file", "words"),
    [
        ({"REGIE_PROT": "1"}, "", "REGIE_PROT.*REGIE_PORT"),
        ({}, "data_dri = 'x'", "data_dri.*data_dir"),
        ({}, "zzz = 1", "zzz.*Known are"),
        ({"REGIE_PORT": "http"}, "", "port.*http"),
        ({"REGIE_PORT": "70000"}, "", "0 to 65535"),
        ({"REGIE_DEMO": "maybe"}, "", "true or false"),
        ({"REGIE_LOG_LEVEL": "loud"}, "", "debug, info"),
        ({"REGIE_TIME_ZONE": "Mars/Olympus"}, "", "Mars/Olympus.*Europe/Paris"),
        ({"REGIE_DATABASE_URL": "mysql://a/b"}, "", "mysql"),
        ({"REGIE_DATABASE_URL": "nonsense"}, "", "cannot be read"),
        ({"REGIE_REDIS_URL": "redis://a"}, "", "PostgreSQL"),
        ({}, "not toml", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_one_clear_sentence(tmp_path: Path, environ: dict[str, str], file: str, words: str) -> None:
    (tmp_path / "regie.toml").write_text(file)
    with pytest.raises(ConfigError, match=words) as caught:
        load_settings({}, {"REGIE_DATA_DIR": str(tmp_path), **environ})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", ["postgresql://u:p@h/n", "postgresql+psycopg://u:p@h/n"])
def test_the_driver_of_postgresql_is_filled_in(given: str, tmp_path: Path) -> None:
    settings = load_settings({}, {"REGIE_DATA_DIR": str(tmp_path), "REGIE_DATABASE_URL": given})
    assert settings.resolved_database_url == "postgresql+asyncpg://u:p@h/n"
    assert "p@h" not in repr(settings)


def test_the_time_zone_follows_the_environment(tmp_path: Path) -> None:
    settings = load_settings({}, {"REGIE_DATA_DIR": str(tmp_path), "TZ": "Asia/Tokyo"})
    assert settings.time_zone == "Asia/Tokyo"


@pytest.mark.parametrize(("raw", "value"), [("1", True), ("true", True), ("off", False), (True, True)])
def test_words_of_yes_and_no(raw: Any, value: Any, tmp_path: Path) -> None:
    assert load_settings({"demo": raw}, {"REGIE_DATA_DIR": str(tmp_path)}).demo is value
