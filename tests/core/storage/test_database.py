import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

import regie.auth.models  # noqa: F401 - its tables are the core's too
from regie.errors import ConfigError
from regie.storage import Database, Documents, Storage, migrate
from regie.storage.migrations import MigrationError
from regie.storage.models import Base, DocumentRow

CORE = Storage(Base.metadata, "regie.storage.migrations")


async def test_what_a_transaction_writes_can_be_read_after_it(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database, "core", CORE)
    async with database.write() as session:
        session.add(DocumentRow(key="a", data={"n": 1}, saved_at=0))
    async with database.read() as connection:
        rows = (await connection.execute(select(DocumentRow.key, DocumentRow.data))).all()
    assert rows == [("a", {"n": 1})]
    await database.stop()


async def test_a_failed_transaction_leaves_nothing(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database, "core", CORE)
    with pytest.raises(ZeroDivisionError):
        async with database.write() as session:
            session.add(DocumentRow(key="a", data={}, saved_at=0))
            await session.flush()
            _ = 1 / 0
    async with database.read() as connection:
        assert (await connection.execute(select(DocumentRow.key))).all() == []
    await database.stop()


async def test_a_closed_connection_to_sqlite_holds_no_lock(tmp_path: Path) -> None:
    """As when whoever uses it is cancelled with an answer half read."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")
    async with database.write() as session:
        await session.execute(text("CREATE TABLE t AS SELECT 1 AS n UNION SELECT 2"))
    async with database._writer.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute("BEGIN IMMEDIATE")
        half_read = await driver.execute("DELETE FROM t RETURNING n")
        assert await half_read.fetchone() == (1,)
        await connection.invalidate()
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None, timeout=0)
    other.execute("BEGIN IMMEDIATE")
    assert other.execute("SELECT count(*) FROM t").fetchone() == (2,)
    other.close()
    await database.stop()


async def test_readers_of_sqlite_cannot_write(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")
    await migrate(database, "core", CORE)
    with pytest.raises(OperationalError, match="readonly"):
        async with database.read() as connection:
            await connection.execute(text("DELETE FROM core_document"))
    assert await database.quick_check() == "ok"
    await database.stop()


async def test_an_address_that_does_not_answer_is_named_without_its_password() -> None:
    database = Database("postgresql+asyncpg://regie:secret@127.0.0.1:1/none")
    with pytest.raises(ConfigError) as caught:
        await database.start()
    assert "127.0.0.1:1/none" in str(caught.value)
    assert "secret" not in str(caught.value)
    await database.stop()


async def test_migrating_twice_changes_nothing(database_url: str) -> None:
    database = Database(database_url)
    first = await migrate(database, "core", CORE)
    assert first is not None
    assert await migrate(database, "core", CORE) == first
    await database.stop()


async def test_the_migrations_make_the_tables_of_the_models(database_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Connection

    database = Database(database_url)
    await migrate(database, "core", CORE)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"version_table": "alembic_core"})
        return list(compare_metadata(context, Base.metadata))

    assert await database.run_sync(differences) == []
    await database.stop()


async def test_a_newer_revision_in_the_database_is_refused_with_both_names(database_url: str) -> None:
    database = Database(database_url)
    head = await migrate(database, "core", CORE)
    async with database.write() as session:
        await session.execute(text("UPDATE alembic_core SET version_num = '9999'"))
    with pytest.raises(MigrationError, match=f"9999.*{head}"):
        await migrate(database, "core", CORE)
    await database.stop()


async def test_documents_are_saved_at_once_or_soon(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database, "core", CORE)
    documents = Documents(database, lambda coroutine, _name: coroutine.close())
    await documents.save("a", {"n": 1})
    documents.save_soon("b", {"n": 2})
    assert await documents.load("a") == {"n": 1}
    assert await documents.load("b") == {"n": 2}
    await documents.flush()
    assert await Documents(database, lambda coroutine, _name: coroutine.close()).load("b") == {"n": 2}
    await documents.forget("a")
    assert await documents.load("a") is None
    await database.stop()
