"""Every test runs on SQLite and on PostgreSQL."""

from dataclasses import replace
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table, select
from tests.extensions.jellyfin_monitor.conftest import ALICE, EPOCH, FILM, build, record

from regie.roles import Library, MediaItem, MediaUser, Place, StreamShape, Track
from regie.storage.database import Database
from regie_jellyfin_monitor import models
from regie_jellyfin_monitor.plays import Span
from regie_jellyfin_monitor.store import Store

EPISODE = MediaItem("e1", "episode", "Tide", 3000, series_id="c1", series="Coastlines", season=1, episode=1)


async def rows_of(database: Database, table: Table) -> list[Any]:
    async with database.read() as connection:
        return list(await connection.execute(select(table)))


async def test_migrations_make_the_tables_of_the_models(database: Database) -> None:
    def differences(connection: Connection) -> list[Any]:
        ours = {"include_name": lambda name, kind, _: kind != "table" or str(name).startswith(models.PREFIX)}
        return list(compare_metadata(MigrationContext.configure(connection, opts=ours), models.metadata))

    assert await database.run_sync(differences) == []


async def test_a_play_is_stored_once(database: Database, store: Store) -> None:
    async with database.write() as session:
        server = await store.dimensions.server_id(session, "s", "home")
        assert await store.save(session, server, [record(1, 0), record(2, 7200)]) == 2
        assert await store.save(session, server, [record(2, 7200), record(3, 14400)]) == 1
        assert await store.save(session, server, []) == 0
    assert sorted(row.uid for row in await rows_of(database, models.play)) == [1, 2, 3]
    assert len(await rows_of(database, models.shape)) == 1


async def test_a_play_whose_facts_are_absurd_is_stored_as_far_as_the_columns_go(
    database: Database, store: Store
) -> None:
    item = replace(EPISODE, id="i" * 500, series_id="s" * 500, title="a\0b", year=99_999, season=-99_999)
    odd = record(1, 0, item=item, user=MediaUser("u" * 500, "\0"), position_s=9e11, kbps=2**40, device_id="d\0")
    async with database.write() as session:
        server = await store.dimensions.server_id(session, "s\0", "\0home")
        assert await store.save(session, server, [odd, record(2, 7200)]) == 2
    plays = {row.uid: row for row in await rows_of(database, models.play)}
    assert (plays[1].pos1, plays[1].kbps, plays[2].pos1) == (2**31 - 1, 2**31 - 1, 3600)
    (found,) = [row for row in await rows_of(database, models.item) if row.id == plays[1].item_id]
    assert (found.key, found.title, found.year, found.season) == ("i" * 64, "ab", 32_767, -32_768)


async def test_what_is_stored_points_to_its_dimensions(database: Database, store: Store) -> None:
    async with database.write() as session:
        server = await store.dimensions.server_id(session, "s")
        libraries = await store.dimensions.libraries(session, server, [Library("l1", "Series", "tvshows")])
        await store.save(
            session, server, [record(1, 0, item=replace(EPISODE, library_id="l1"), watch_s=9999, kbps=1200)]
        )
    (play,) = await rows_of(database, models.play)
    assert (play.library_id, play.watch_s, play.kbps, play.started) == (libraries["l1"], 3600, 1200, EPOCH.timestamp())
    titles = {row.id: row.title for row in await rows_of(database, models.item)}
    assert (titles[play.item_id], titles[play.series_id]) == ("Tide", "Coastlines")
    (device,) = await rows_of(database, models.device)
    assert (device.label, device.form) == ("Firefox", "desktop")


async def test_what_a_session_does_not_know_stays_as_the_sync_found_it(database: Database, store: Store) -> None:
    async with database.write() as session:
        server = await store.dimensions.server_id(session, "s", "home")
        await store.dimensions.server_id(session, "s")
        await store.dimensions.users(session, server, [replace(ALICE, is_admin=True)], synced=True)
        await store.dimensions.items(session, server, [replace(FILM, provider_ids={"Tmdb": "1"})])
        await store.save(session, server, [record(1, 0, item=replace(FILM, year=None))])
    assert [(row.name, row.is_admin) for row in await rows_of(database, models.user)] == [("Alice", 1)]
    assert [(row.year, row.provider_ids) for row in await rows_of(database, models.item)] == [(2021, '{"Tmdb": "1"}')]
    assert [row.name for row in await rows_of(database, models.server)] == ["home"]


async def test_resumed_plays_are_one_group_in_any_order_of_arrival(database: Database, store: Store) -> None:
    parts = [
        record(1, 0, position0_s=0, position_s=1000),
        record(2, 10_000, position0_s=900, position_s=2000),
        record(3, 20_000, position0_s=2000, position_s=7000, watched=True),
        record(4, 30_000, position0_s=100, position_s=300),
    ]
    async with database.write() as session:
        server = await store.dimensions.server_id(session, "s")
        for one in (parts[2], parts[0], parts[3], parts[1]):
            await store.save(session, server, [one])
    plays = {row.uid: row for row in await rows_of(database, models.play)}
    assert [plays[uid].group_id for uid in (1, 2, 3)] == [plays[1].id] * 3
    assert plays[4].group_id == plays[4].id


async def test_a_refined_end_replaces_the_old_one(database: Database, store: Store) -> None:
    async with database.write() as session:
        server = await store.dimensions.server_id(session, "s")
        await store.save(session, server, [record(1, 0)])
    await build(database, store)
    async with database.write() as session:
        shorter = record(1, 0, stopped=EPOCH.timestamp() + 1800, watch_s=1800, watched=True)
        await store.refine(session, server, shorter)
    await build(database, store)
    (play,) = await rows_of(database, models.play)
    assert (play.watch_s, play.watched, play.group_id) == (1800, 1, play.id)
    assert sum(row.watch_s for row in await rows_of(database, models.r_heat)) == 1800


async def test_a_dropped_play_leaves_nothing_behind(database: Database, store: Store) -> None:
    spans = (Span(EPOCH.timestamp(), False, StreamShape("remux"), 100, None),)  # noqa: FBT003 - its field
    async with database.write() as session:
        server = await store.dimensions.server_id(session, "s")
        await store.save(session, server, [record(1, 0, spans=spans)])
    assert [row.kbps for row in await rows_of(database, models.play_span)] == [100]
    await build(database, store)
    async with database.write() as session:
        await store.drop(session, server, 1)
        await store.drop(session, server, 99)
    await build(database, store)
    for table in (models.play, models.play_span, models.r_hour, models.r_item, models.r_user_month, models.r_dim):
        assert await rows_of(database, table) == []


async def test_an_address_is_located_when_it_is_new(database: Database, store: Store) -> None:
    class Locator:
        attribution = ""

        def locate(self, address: str) -> Place:
            return Place("FR", city="Lyon") if address == "203.0.113.7" else Place(local=True)

    store.dimensions.locator = Locator()
    async with database.write() as session:
        server = await store.dimensions.server_id(session, "s")
        plays = [record(1, 0, address="203.0.113.7"), record(2, 9000, address="10.0.0.2"), record(3, 19000)]
        await store.save(session, server, plays)
    found = {row.text: (row.country, row.city, row.is_local) for row in await rows_of(database, models.address)}
    assert found == {"203.0.113.7": ("FR", "Lyon", 0), "10.0.0.2": (None, None, 1)}


async def test_two_servers_with_the_same_ids_stay_apart(database: Database, store: Store) -> None:
    async with database.write() as session:
        for number, key in enumerate(("a", "b")):
            server = await store.dimensions.server_id(session, key)
            await store.save(session, server, [record(number, 0)])
    assert len(await rows_of(database, models.user)) == 2
    assert len({row.item_id for row in await rows_of(database, models.play)}) == 2


async def test_unknown_words_survive(database: Database, store: Store) -> None:
    odd = StreamShape("transcode", video=Track("x" * 500), reasons=("NeverHeardOf", "NeverHeardOf"))
    async with database.write() as session:
        server = await store.dimensions.server_id(session, "s")
        user = MediaUser("u9", "<b>Bobby</b>" * 40)
        await store.save(session, server, [record(1, 0, shape=odd, user=user, client="c" * 999, device_id="d" * 999)])
    await build(database, store)
    assert "NeverHeardOf" in {row.text for row in await rows_of(database, models.term)}
