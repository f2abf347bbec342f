"""Settings: flags, then REGIE_… variables, then regie.toml; an unknown key is an error that names its neighbour."""

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from regie.errors import ConfigError

PREFIX = "REGIE_"
FILE_NAME = "regie.toml"
LOG_LEVELS = ("debug", "info", "warning", "error")

# Variables of the build and the test run that carry the prefix but are no settings.
_FOREIGN = {"REGIE_RELEASE", "REGIE_TEST_POSTGRESQL_URL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this hub runs. `database_url` empty means SQLite in the data directory; `redis_url` empty means in process."""

    data_dir: Path = field(default_factory=lambda: Path("data"))
    host: str = "127.0.0.1"
    port: int = 8480
    database_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)
    log_level: str = "info"
    log_json: bool = False
    url: str = ""
    """The address that people type, when a proxy stands in front."""
    trusted_proxies: tuple[str, ...] = ()
    time_zone: str = "UTC"
    demo: bool = False
    safe: bool = False
    """Bundled plugins only."""

    @property
    def zone(self) -> ZoneInfo:
        """The house's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def resolved_database_url(self) -> str:
        """The address of the database, with the driver named."""
        if not self.database_url:
            return f"sqlite+aiosqlite:///{self.data_dir / 'regie.db'}"
        return make_url(self.database_url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def load_settings(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, file: Path | None = None
) -> Settings:
    """Read all three sources; raises ConfigError with one sentence that says what to change."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    from_environment = {
        key.removeprefix(PREFIX).lower(): value
        for key, value in environ.items()
        if key.startswith(PREFIX) and key not in _FOREIGN
    }
    data_dir = Path(given.get("data_dir") or from_environment.get("data_dir") or "data")
    path = file or data_dir / FILE_NAME
    sources = [(str(path), _read_file(path)), ("the environment", from_environment), ("the command line", given)]
    for source, table in sources:
        for key, raw in table.items():
            values[_known(key, source)] = _converted(key, raw, source)
    settings = Settings(**{"time_zone": _system_zone(environ), **values})
    _check(settings)
    return settings


def with_time_zone(settings: Settings, name: str) -> Settings:
    """The settings with another time zone, which is also written to regie.toml; raises ConfigError."""
    changed = replace(settings, time_zone=name)
    _check(changed)
    path = settings.data_dir / FILE_NAME
    lines = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines if line.partition("=")[0].strip() != "time_zone"]
    path.write_text("\n".join([f'time_zone = "{name}"', *kept]) + "\n")
    return changed


def _read_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _known(key: str, source: str) -> str:
    names = [setting.name for setting in fields(Settings)]
    if key in names:
        return key
    near = difflib.get_close_matches(key, names, 1)
    shown = f"{PREFIX}{key.upper()}" if source == "the environment" else key
    hint = (
        f"Did you mean {PREFIX + near[0].upper() if source == 'the environment' else near[0]}?"
        if near
        else f"Known are: {', '.join(names)}."
    )
    raise ConfigError(f"{source} has the unknown setting {shown}. {hint}")


def _converted(key: str, raw: Any, source: str) -> Any:
    converters: dict[str, Callable[[Any], Any]] = {
        "data_dir": Path,
        "port": _port,
        "log_json": _boolean,
        "demo": _boolean,
        "safe": _boolean,
        "log_level": _log_level,
        "trusted_proxies": lambda value: tuple(value.replace(",", " ").split() if isinstance(value, str) else value),
    }
    try:
        return converters.get(key, str)(raw)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{source} sets {key} to {raw!r}: {error}") from error


def _port(raw: Any) -> int:
    port = int(raw)
    if not 0 <= port <= 65535:
        raise ValueError("a port is a number from 0 to 65535")
    return port


def _boolean(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
        "": False,
    }
    try:
        return words[str(raw).lower()]
    except KeyError:
        raise ValueError("say true or false") from None


def _log_level(raw: Any) -> str:
    level = str(raw).lower()
    if level not in LOG_LEVELS:
        raise ValueError(f"a log level is one of {', '.join(LOG_LEVELS)}")
    return level


def _system_zone(environ: Mapping[str, str]) -> str:
    candidates = [environ.get("TZ", "").lstrip(":"), *_zone_of_localtime()]
    for name in candidates:
        try:
            return ZoneInfo(name).key if name else "UTC"
        except (KeyError, ValueError, OSError):
            continue
    return "UTC"


def _zone_of_localtime() -> list[str]:
    path = Path("/etc/localtime")
    if not path.is_symlink():
        return []
    return ["/".join(path.resolve().parts[-2:]), path.resolve().name]


def _check(settings: Settings) -> None:
    try:
        ZoneInfo(settings.time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"There is no time zone {settings.time_zone!r}; say for example Europe/Paris") from error
    if settings.database_url:
        try:
            backend = make_url(settings.database_url).get_backend_name()
        except ArgumentError as error:
            raise ConfigError(
                "The database address cannot be read; it looks like postgresql://user:password@host/name"
            ) from error
        if backend != "postgresql":
            raise ConfigError(
                f"The database address names {backend}; leave it empty for SQLite, or give a postgresql:// one"
            )
    if settings.redis_url and not settings.database_url:
        raise ConfigError(
            "Redis is for several nodes, which need PostgreSQL: set REGIE_DATABASE_URL too, or remove REGIE_REDIS_URL"
        )
