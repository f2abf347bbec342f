"""What plays point to: servers, people, items, devices, addresses, shapes. Each is stored once and known by an id."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Table, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from regie.roles import GeoLocator, Library, MediaItem, MediaUser, Place, StreamShape, Track

from . import models
from .codec import to_plain
from .devices import identify
from .models import DIMS, KINDS, fitted, method_code

_ITEM_FACTS = ("title", "runtime_s", "year", "season", "episode", "album", "artist", "image_tag")
_RESOLUTIONS = (
    (4000, "8K"),
    (1900, "4K"),
    (1300, "1440p"),
    (900, "1080p"),
    (650, "720p"),
    (520, "576p"),
    (420, "480p"),
)

CHUNK = 400
"""Rows a statement: below the limits of bound values on both databases."""


class Device(NamedTuple):
    """A player: the app, the device's name and the server's id of it."""

    client: str
    name: str
    key: str


class Dimensions:
    """Interns in the caller's transaction; what a row does not know (None) stays as it was."""

    def __init__(self, dialect: str) -> None:
        self.insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
        self.locator: GeoLocator | None = None
        """Locates addresses, if there is one."""

    async def server_id(self, session: AsyncSession, key: str, name: str = "") -> int:
        """The id of a server, made when it is new."""
        key, name = fitted(models.server, {"key": key, "name": name}).values()
        found = (await session.execute(select(models.server).where(models.server.c.key == key))).one_or_none()
        if found is None:
            made = insert(models.server).values(key=key, name=name or key).returning(models.server.c.id)
            return int((await session.execute(made)).scalar_one())
        if name and name != found.name:
            await session.execute(update(models.server).where(models.server.c.id == found.id).values(name=name))
        return int(found.id)

    async def items(
        self, session: AsyncSession, server_id: int, items: Sequence[MediaItem], library_id: int | None = None
    ) -> dict[str, int]:
        """Intern items and their series; ids by the server's ids."""
        series = {item.series_id: item.series for item in items if item.series_id}
        blank: dict[str, Any] = dict.fromkeys(column.name for column in models.item.columns if column.name != "id")
        blank |= {"server_id": server_id, "library_id": library_id}
        rows = [blank | {"key": key, "kind": KINDS.index("series"), "title": title} for key, title in series.items()]
        found = await self._intern(session, models.item, ("server_id", "key"), rows)
        rows = []
        for item in items:
            known = {name: getattr(item, name) for name in _ITEM_FACTS}
            known |= {"key": item.id, "kind": KINDS.index(item.kind)}
            known["series_id"] = found[(server_id, item.series_id)] if item.series_id else None
            known["provider_ids"] = json.dumps(dict(item.provider_ids), sort_keys=True) if item.provider_ids else None
            rows.append(blank | known)
        found = await self._intern(session, models.item, ("server_id", "key"), rows)
        return {key: number for (_, key), number in found.items()}

    async def users(
        self, session: AsyncSession, server_id: int, users: Iterable[MediaUser], *, synced: bool = False
    ) -> dict[str, int]:
        """Intern accounts; ids by the server's ids. A session does not know what a sync knows of a user."""
        rows = [
            {
                "server_id": server_id,
                "key": user.id,
                "name": user.name,
                "image_tag": user.image_tag,
                "is_admin": int(user.is_admin) if synced else None,
                "is_disabled": int(user.is_disabled) if synced else None,
            }
            for user in users
        ]
        found = await self._intern(session, models.user, ("server_id", "key"), rows)
        return {key: number for (_, key), number in found.items()}

    async def libraries(self, session: AsyncSession, server_id: int, some: Iterable[Library]) -> dict[str, int]:
        """Intern libraries; ids by the server's ids."""
        rows = [{"server_id": server_id, "key": one.id, "name": one.name, "kind": one.kind} for one in some]
        found = await self._intern(session, models.library, ("server_id", "key"), rows)
        return {key: number for (_, key), number in found.items()}

    async def known_libraries(self, session: AsyncSession, server_id: int, keys: Iterable[str]) -> dict[str, int]:
        """Ids of the libraries that a sync has found."""
        library = models.library
        conditions = (library.c.server_id == server_id, library.c.key.in_(list(keys)))
        rows = await session.execute(select(library.c.key, library.c.id).where(*conditions))
        return {row.key: row.id for row in rows}

    async def shapes(self, session: AsyncSession, shapes: Iterable[StreamShape]) -> dict[StreamShape, int]:
        """Intern what a server did with streams."""
        digests = {shape: _digest(shape) for shape in set(shapes)}
        known = await self._ids(session, models.shape, "digest", digests.values())
        missing = {shape: digest for shape, digest in digests.items() if digest not in known}
        texts = [(dim, text) for shape in missing for dim, text in shape_terms(shape)]
        terms = await self._terms(session, texts)
        rows = []
        for shape, digest in missing.items():
            ids: dict[str, list[int]] = defaultdict(list)
            for term in shape_terms(shape):
                ids[term[0]].append(terms[term])
            rows.append(
                {
                    "digest": digest,
                    "method": method_code(shape.method),
                    "plain": json.dumps(to_plain(shape), sort_keys=True),
                    "codec_id": next(iter(ids["codec"]), None),
                    "resolution_id": next(iter(ids["resolution"]), None),
                    "reason_ids": ",".join(map(str, ids["reason"])),
                }
            )
        made = await self._intern(session, models.shape, ("digest",), rows)
        known |= {digest: number for (digest,), number in made.items()}
        return {shape: known[digest] for shape, digest in digests.items()}

    async def devices(
        self, session: AsyncSession, server_id: int, devices: Iterable[Device]
    ) -> dict[Device, tuple[int, int]]:
        """Intern players; (client, device) ids."""
        distinct = {(device.client, device.key): device for device in devices}
        rows: list[dict[str, Any]] = [{"name": client} for client in {client for client, _ in distinct}]
        clients = {
            name: number for (name,), number in (await self._intern(session, models.client, ("name",), rows)).items()
        }
        identities = {one: identify(one.client, one.name, one.key) for one in distinct.values()}
        terms = await self._terms(session, [("device", identity.label) for identity in identities.values()])
        rows = [
            {
                "server_id": server_id,
                "key": one.key,
                "client_id": clients[one.client],
                "name": one.name,
                "label": identity.label,
                "form": identity.form,
                "os": identity.os,
                "browser": identity.browser,
                "label_id": terms[("device", identity.label)],
            }
            for one, identity in identities.items()
        ]
        found = await self._intern(session, models.device, ("server_id", "key", "client_id"), rows)
        ids = {(client, key): number for (_, key, client), number in found.items()}
        return {one: (clients[one.client], ids[(clients[one.client], one.key)]) for one in devices}

    async def addresses(self, session: AsyncSession, addresses: Iterable[str]) -> dict[str, int]:
        """Intern addresses, located when they are new."""
        wanted = set(addresses)
        known = await self._ids(session, models.address, "text", wanted)
        places = {one: self.locator.locate(one) if self.locator else Place() for one in wanted - known.keys()}
        terms = await self._terms(session, [("country", place.country) for place in places.values() if place.country])
        rows = [
            {
                "text": one,
                "country": place.country,
                "region": place.region,
                "city": place.city,
                "country_id": terms[("country", place.country)] if place.country else None,
                "latitude": place.latitude,
                "longitude": place.longitude,
                "is_local": int(place.local),
            }
            for one, place in places.items()
        ]
        made = await self._intern(session, models.address, ("text",), rows)
        return known | {text: number for (text,), number in made.items()}

    async def _terms(self, session: AsyncSession, terms: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        rows = [{"dim": DIMS.index(dim), "text": text} for dim, text in set(terms)]
        found = await self._intern(session, models.term, ("dim", "text"), rows)
        return {(DIMS[dim], text): number for (dim, text), number in found.items()}

    async def _ids(self, session: AsyncSession, table: Table, column: str, keys: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for chunk in chunks(list(keys)):
            rows = await session.execute(select(table.c[column], table.c.id).where(table.c[column].in_(chunk)))
            found.update({row[0]: row[1] for row in rows})
        return found

    async def _intern(
        self, session: AsyncSession, table: Table, key: tuple[str, ...], rows: Sequence[Mapping[str, Any]]
    ) -> dict[tuple[Any, ...], int]:
        """Rows inserted or brought up to date, as ids by key as given."""
        found: dict[tuple[Any, ...], int] = {}
        stored = [fitted(table, row) for row in rows]
        distinct = {tuple(row[name] for name in key): row for row in stored}
        for chunk in chunks(list(distinct.values())):
            statement: Any = self.insert(table)
            newer = {
                name: func.coalesce(statement.excluded[name], table.c[name]) for name in chunk[0] if name not in key
            }
            statement = statement.on_conflict_do_update(
                index_elements=list(key), set_=newer or {key[0]: statement.excluded[key[0]]}
            )
            # Parameters, not VALUES of their own: the statement is compiled once, whatever the number of rows.
            returned = await session.execute(statement.returning(table.c.id, *(table.c[name] for name in key)), chunk)
            found.update({tuple(row[1:]): row[0] for row in returned})
        pairs = zip(rows, stored, strict=True)
        return {tuple(row[name] for name in key): found[tuple(kept[name] for name in key)] for row, kept in pairs}


def chunks(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """Rows in portions for one statement each."""
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


def shape_terms(shape: StreamShape) -> list[tuple[str, str]]:
    """What statistics count a stream by: (dimension, text)."""
    found = []
    codec = (shape.video or shape.audio or Track()).codec
    if codec:
        found.append(("codec", codec.lower()[:200]))
    if shape.video and (resolution := resolution_of(shape.video)):
        found.append(("resolution", resolution))
    return found + [("reason", reason[:200]) for reason in dict.fromkeys(shape.reasons)]


def resolution_of(video: Track) -> str:
    """The class of a picture, by its wider relation to the usual sizes; empty when unknown."""
    if not video.height and not video.width:
        return ""
    lines = max(video.height or 0, round((video.width or 0) * 9 / 16))
    return next((name for limit, name in _RESOLUTIONS if lines >= limit), "SD")


def _digest(shape: StreamShape) -> str:
    text = json.dumps(to_plain(shape), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
