"""Brings the tables of one owner up to the newest revision that its package ships."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from regie.errors import RegieError
from regie.storage.database import Database


class MigrationError(RegieError):
    """The tables cannot be brought up; says why, naming revisions."""


@dataclass(frozen=True, slots=True)
class Storage:
    """The tables of a plugin. `migrations` names the package that holds `versions/*.py`, such as `regie_example.migrations`."""

    metadata: MetaData
    migrations: str


async def migrate(database: Database, slug: str, storage: Storage, *, backup_dir: Path | None = None) -> str | None:
    """Upgrade in one transaction and return the revision; an SQLite database with data is copied to `backup_dir` before."""
    _check_names(slug, storage.metadata)
    script = _scripts(storage.migrations)
    known = {revision.revision for revision in script.walk_revisions()}
    current = await database.run_sync(lambda connection: _current(connection, slug))
    head = script.get_current_head()
    if current is not None and current not in known:
        raise MigrationError(
            f"The tables of {slug} are at revision {current}; this version knows up to {head}. Install the newer {slug}"
        )
    if current == head:
        return head
    if current is not None and backup_dir is not None and database.dialect == "sqlite":
        backup_dir.mkdir(parents=True, exist_ok=True)
        copy = backup_dir / f"before-{slug}-{head}.db"
        copy.unlink(missing_ok=True)
        await database.copy_to(str(copy))
    await database.run_sync(_upgrade(slug, storage, script))
    return head


def _check_names(slug: str, metadata: MetaData) -> None:
    prefix = f"{slug}_"
    if foreign := [name for name in metadata.tables if not name.startswith(prefix)]:
        raise MigrationError(f"The tables of {slug} must be named {prefix}…; not so: {', '.join(foreign)}")


def _scripts(package: str) -> ScriptDirectory:
    package = package.replace(":", ".")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MigrationError(f"There is no package {package} with migrations")
    config = Config()
    config.set_main_option("script_location", spec.submodule_search_locations[0].replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def _version_table(slug: str) -> str:
    return f"alembic_{slug}"


def _current(connection: Connection, slug: str) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": _version_table(slug)})
    return context.get_current_revision()


def _upgrade(slug: str, storage: Storage, script: ScriptDirectory) -> Callable[[Connection], None]:
    def upgrade(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs("head", revision)  # noqa: SLF001 - what alembic's own command calls

    def run(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            # Two nodes that start together: the second waits, then finds nothing to do.
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:slug))"), {"slug": f"regie:{slug}"})
        with EnvironmentContext(Config(), script, fn=upgrade, destination_rev="head") as environment:
            environment.configure(
                connection=connection,
                target_metadata=storage.metadata,
                version_table=_version_table(slug),
                render_as_batch=connection.dialect.name == "sqlite",
            )
            environment.run_migrations()

    return run
