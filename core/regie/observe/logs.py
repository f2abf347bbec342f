"""Structured logs: JSON for machines, a console for people, and no secret in either."""

import logging
import re
import sys
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any, TextIO

import structlog

from regie.config.secrets import SENTINEL

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

# Query keys, headers, JSON keys and addresses with passwords, as servers and libraries put them into their messages.
_PATTERNS = re.compile(
    r"(?P<head>(?:api[_-]?key|access[_-]?token|auth[_-]?token|token|password|passwd|pw|secret|x-emby-token|x-mediabrowser-token)"
    r"[\"']?\s*[=:]\s*[\"']?|authorization[\"']?\s*[=:]\s*[\"']?(?:bearer |basic )?|(?<=://)[^/\s:@]+:(?=[^/\s@]+@))(?P<value>[^\s\"'&,;@}]+)",
    re.IGNORECASE,
)


class Redactor:
    """The last processor: takes out the values of all known secrets, and what looks like one."""

    def __init__(self) -> None:
        self._known: re.Pattern[str] | None = None

    def set_known(self, secrets: Iterable[str]) -> None:
        """The texts that must never be seen; short ones would blot out ordinary words and are left to the patterns."""
        texts = sorted({text for text in secrets if len(text) >= 6}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, texts))) if texts else None

    def clean(self, text: str) -> str:
        """A text without secrets."""
        if self._known is not None:
            text = self._known.sub(SENTINEL, text)
        return _PATTERNS.sub(lambda match: f"{match['head']}{SENTINEL}", text)

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Clean every text of a log line."""
        for key, value in event.items():
            if isinstance(value, str):
                event[key] = self.clean(value)
            elif not isinstance(value, int | float | bool | None):
                event[key] = self.clean(str(value))
        return event


def set_up_logs(level: str, *, json: bool, redactor: Redactor, stream: TextIO | None = None) -> Callable[[], None]:
    """Send everything to a stream (standard error); what returns restores what was."""
    stream = stream or sys.stderr
    renderer: Any = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = [structlog.processors.format_exc_info, redactor, renderer]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
    for noisy in ("aiohttp.access", "alembic", "aiosqlite"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )

    def restore() -> None:
        root.handlers[:], root.level = before
        structlog.reset_defaults()

    return restore
