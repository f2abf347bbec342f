"""Plays, what they point to, and rollups."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

PREFIX = "jellyfin_monitor_"


def upgrade() -> None:
    """Make the first tables."""
    _people_and_media()
    _players()
    _plays()
    _rollups()


def _people_and_media() -> None:
    _create("server", _id(), _key(64, unique=True), _text("name"))
    account = (_text("name"), _text("image_tag", null=True), _code("is_admin", null=True))
    _create("user", _id(), _number("server_id"), _key(64), *account, _code("is_disabled", null=True), of_server=True)
    _create("library", _id(), _number("server_id"), _key(64), _text("name"), _text("kind"), of_server=True)
    _create(
        "item",
        *(_id(), _number("server_id"), _key(64), _code("kind"), _text("title", null=True)),
        *(_number("series_id", null=True), _number("library_id", null=True), sa.Column("runtime_s", sa.Float())),
        *(_code("year", null=True), _code("season", null=True), _number("episode", null=True)),
        *(_text("album", null=True), _text("artist", null=True), _text("image_tag", null=True)),
        _text("provider_ids", null=True),
        of_server=True,
    )


def _players() -> None:
    _create("client", _id(), sa.Column("name", sa.String(200), nullable=False, unique=True))
    _create(
        "device",
        *(_id(), _number("server_id"), _key(300), _number("client_id"), _text("name"), _text("label")),
        *(_text("form"), _text("os"), _text("browser"), _number("label_id")),
        sa.UniqueConstraint("server_id", "key", "client_id"),
    )
    _create(
        "address",
        *(_id(), sa.Column("text", sa.String(64), nullable=False, unique=True), _text("country", null=True)),
        *(_text("region", null=True), _text("city", null=True), _number("country_id", null=True)),
        *(sa.Column("latitude", sa.Float()), sa.Column("longitude", sa.Float()), _code("is_local")),
    )
    term = (_code("dim"), sa.Column("text", sa.String(200), nullable=False))
    _create("term", _id(), *term, sa.UniqueConstraint("dim", "text"))
    _create(
        "shape",
        *(_id(), sa.Column("digest", sa.String(32), nullable=False, unique=True), _code("method"), _text("plain")),
        *(_number("codec_id", null=True), _number("resolution_id", null=True), _text("reason_ids")),
    )


def _plays() -> None:
    _create(
        "play",
        *(_id(), sa.Column("uid", sa.BigInteger(), nullable=False, unique=True), _number("server_id")),
        *(_number("group_id"), _number("user_id"), _number("item_id"), _number("series_id", null=True)),
        *(_number("library_id", null=True), _code("kind"), _number("device_id"), _number("client_id")),
        *(_number("address_id", null=True), _number("shape_id"), _code("method")),
        *(sa.Column("started", sa.BigInteger(), nullable=False), sa.Column("stopped", sa.BigInteger(), nullable=False)),
        *(_number("watch_s"), _number("paused_s"), _number("pos0", null=True), _number("pos1", null=True)),
        *(_code("watched", null=True), _number("kbps", null=True), _code("end_reason")),
    )
    for name, *columns in (
        ("started", "server_id", "started", "id"),
        ("user", "server_id", "user_id", "started"),
        ("item", "server_id", "item_id", "started"),
        ("series", "server_id", "series_id", "started"),
        ("group", "group_id"),
    ):
        op.create_index(f"ix_{PREFIX}play_{name}", f"{PREFIX}play", columns)
    _create(
        "play_span",
        *(_part("play_id"), _part("number"), sa.Column("at", sa.BigInteger(), nullable=False), _code("is_paused")),
        *(_number("shape_id"), _number("kbps", null=True), sa.Column("speed", sa.Float())),
        sqlite_with_rowid=False,
    )
    state = (sa.Column("server_key", sa.String(64), primary_key=True), sa.Column("saved_at", sa.Float()))
    _create("open_state", *state, _text("plain"))
    _create("dirty", _part("server_id"), _part("day"), sqlite_with_rowid=False)


def _rollups() -> None:
    for name, *keys in (
        ("r_hour", "server_id", "day", "hour", "kind"),
        ("r_user", "server_id", "day", "user_id", "kind", "method"),
        ("r_dim", "server_id", "dim", "day", "key", "method"),
        ("r_item_day", "server_id", "day", "kind", "item_id"),
        ("r_heat", "server_id", "month", "weekday", "hour", "kind"),
        ("r_user_month", "server_id", "month", "user_id", "kind"),
        ("r_item_month", "server_id", "month", "kind", "item_id"),
        ("r_dim_month", "server_id", "dim", "month", "key", "method"),
        ("r_item", "server_id", "kind", "item_id"),
    ):
        _create(name, *map(_part, keys), _number("plays"), _number("watch_s"), sqlite_with_rowid=False)
    methods = ("direct_play", "remux", "direct_stream", "transcode")
    streams = (_number("streams"), *map(_number, methods))
    _create("r_peak", _part("server_id"), _part("day"), *streams, sqlite_with_rowid=False)


def _create(name: str, *parts: Any, of_server: bool = False, **options: Any) -> None:
    unique = (sa.UniqueConstraint("server_id", "key"),) if of_server else ()
    op.create_table(PREFIX + name, *parts, *unique, **options)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), primary_key=True)


def _key(length: int, *, unique: bool = False) -> sa.Column[str]:
    return sa.Column("key", sa.String(length), nullable=False, unique=unique)


def _part(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), primary_key=True, autoincrement=False)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=null)


def _code(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger(), nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)
