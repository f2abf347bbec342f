"""Tables: plays as narrow integers, what they point to, and rollups by local day and month.

`server_id` leads every index and rollup. A day is counted from 1970-01-01 in the house's zone, a month is year * 12 + month - 1.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, SmallInteger, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.types import TypeEngine

from regie.roles import MediaKind, Method

PREFIX = "jellyfin_monitor_"

METHODS: tuple[Method, ...] = ("direct_play", "remux", "direct_stream", "transcode")
UNKNOWN_METHOD = len(METHODS)
KINDS: tuple[MediaKind | str, ...] = (
    *("video", "movie", "episode", "track", "music_video", "live_tv", "trailer", "audiobook", "book", "photo"),
    "series",
)
"""Stored by position: append only."""
END_REASONS = ("stopped", "absent", "replaced", "repeated", "idle", "lost", "imported")
DIMS = ("method", "client", "device", "country", "codec", "resolution", "reason")
"""What `r_dim` counts by; `method` and `client` keys are ids of their own, the others those of `term`."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def method_code(method: str | None) -> int:
    """The number that a method is stored as."""
    return UNKNOWN_METHOD if method is None else METHODS.index(method)


def fitted(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as its columns can hold it.

    Servers and webhooks say anything, and PostgreSQL refuses what SQLite takes: one such play would be tried for ever,
    and with it all that ended since.
    """
    return {name: _fitted(table.c[name].type, value) for name, value in row.items()}


def _fitted(kind: TypeEngine[Any], value: Any) -> Any:
    if isinstance(value, str) and isinstance(kind, String):
        # No NUL and no half of a surrogate pair.
        return value.encode(errors="replace").decode().replace("\0", "")[: kind.length]
    if isinstance(value, int) and isinstance(kind, Integer):
        bits = 16 if isinstance(kind, SmallInteger) else 64 if isinstance(kind, BigInteger) else 32
        return min(max(value, -(2 ** (bits - 1))), 2 ** (bits - 1) - 1)
    return value


def _table(name: str, *parts: Any, **options: Any) -> Table:
    return Table(PREFIX + name, metadata, *parts, **options)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _number(name: str, *, big: bool = False, null: bool = False) -> Column[int]:
    return Column(name, BigInteger if big else Integer, nullable=null)


def _code(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, SmallInteger, nullable=null)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _rollup(name: str, *keys: str) -> Table:
    """Plays and watched seconds by keys."""
    columns = [Column(key, Integer, primary_key=True, autoincrement=False) for key in keys]
    return _table(name, *columns, _number("plays"), _number("watch_s"), sqlite_with_rowid=False)


server = _table("server", _id(), Column("key", String(64), nullable=False, unique=True), _text("name"))
user = _table(
    "user",
    _id(),
    *(_number("server_id"), Column("key", String(64), nullable=False), _text("name"), _text("image_tag", null=True)),
    *(_code("is_admin", null=True), _code("is_disabled", null=True)),
    Unique("server_id", "key"),
)
library = _table(
    "library",
    *(_id(), _number("server_id"), Column("key", String(64), nullable=False), _text("name"), _text("kind")),
    Unique("server_id", "key"),
)
item = _table(
    "item",
    *(_id(), _number("server_id"), Column("key", String(64), nullable=False), _code("kind"), _text("title", null=True)),
    *(_number("series_id", null=True), _number("library_id", null=True), Column("runtime_s", Float, nullable=True)),
    *(_code("year", null=True), _code("season", null=True), _number("episode", null=True)),
    *(
        _text("album", null=True),
        _text("artist", null=True),
        _text("image_tag", null=True),
        _text("provider_ids", null=True),
    ),
    Unique("server_id", "key"),
)
client = _table("client", _id(), Column("name", String(200), nullable=False, unique=True))
device = _table(
    "device",
    *(_id(), _number("server_id"), Column("key", String(300), nullable=False), _number("client_id"), _text("name")),
    *(_text("label"), _text("form"), _text("os"), _text("browser"), _number("label_id")),
    Unique("server_id", "key", "client_id"),
)
address = _table(
    "address",
    *(_id(), Column("text", String(64), nullable=False, unique=True), _text("country", null=True)),
    *(_text("region", null=True), _text("city", null=True), _number("country_id", null=True)),
    *(Column("latitude", Float, nullable=True), Column("longitude", Float, nullable=True), _code("is_local")),
)
term = _table("term", _id(), _code("dim"), Column("text", String(200), nullable=False), Unique("dim", "text"))
shape = _table(
    "shape",
    *(_id(), Column("digest", String(32), nullable=False, unique=True), _code("method"), _text("plain")),
    *(_number("codec_id", null=True), _number("resolution_id", null=True), _text("reason_ids")),
)
"""`plain` is the whole StreamShape as JSON; the ids (of `term`) are what statistics count."""

play = _table(
    "play",
    *(_id(), _number("uid", big=True), _number("server_id"), _number("group_id")),
    *(_number("user_id"), _number("item_id"), _number("series_id", null=True), _number("library_id", null=True)),
    *(_code("kind"), _number("device_id"), _number("client_id"), _number("address_id", null=True)),
    *(_number("shape_id"), _code("method"), _number("started", big=True), _number("stopped", big=True)),
    *(_number("watch_s"), _number("paused_s"), _number("pos0", null=True), _number("pos1", null=True)),
    *(_code("watched", null=True), _number("kbps", null=True), _code("end_reason")),
    Unique("uid"),
)
Index("ix_jellyfin_monitor_play_started", play.c.server_id, play.c.started, play.c.id)
Index("ix_jellyfin_monitor_play_user", play.c.server_id, play.c.user_id, play.c.started)
Index("ix_jellyfin_monitor_play_item", play.c.server_id, play.c.item_id, play.c.started)
Index("ix_jellyfin_monitor_play_series", play.c.server_id, play.c.series_id, play.c.started)
play_span = _table(
    "play_span",
    Column("play_id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *(_number("at", big=True), _code("is_paused"), _number("shape_id"), _number("kbps", null=True)),
    Column("speed", Float, nullable=True),
    sqlite_with_rowid=False,
)
open_state = _table(
    "open_state", Column("server_key", String(64), primary_key=True), Column("saved_at", Float), _text("plain")
)
"""The reducer's state of a server, saved in one transaction with the plays that it closed."""

dirty = _table(
    "dirty",
    Column("server_id", Integer, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Days whose facts changed since their rollups were built."""

r_hour = _rollup("r_hour", "server_id", "day", "hour", "kind")
r_user = _rollup("r_user", "server_id", "day", "user_id", "kind", "method")
r_dim = _rollup("r_dim", "server_id", "dim", "day", "key", "method")
r_item_day = _rollup("r_item_day", "server_id", "day", "kind", "item_id")
r_heat = _rollup("r_heat", "server_id", "month", "weekday", "hour", "kind")
r_user_month = _rollup("r_user_month", "server_id", "month", "user_id", "kind")
r_item_month = _rollup("r_item_month", "server_id", "month", "kind", "item_id")
r_dim_month = _rollup("r_dim_month", "server_id", "dim", "month", "key", "method")
r_item = _rollup("r_item", "server_id", "kind", "item_id")
r_peak = _table(
    "r_peak",
    Column("server_id", Integer, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    _number("streams"),
    *(_number(method) for method in METHODS),
    sqlite_with_rowid=False,
)
