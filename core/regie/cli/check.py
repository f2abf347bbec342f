"""`regie check`."""

import argparse
import asyncio
import sqlite3

from regie.cli.options import settings_of
from regie.plugins.discovery import discover, host_version
from regie.settings import Settings
from regie.storage import Database


def check(options: argparse.Namespace) -> int:
    """Print what is found; 1 when something would not work."""
    settings = settings_of(options)
    print(f"Regie {host_version()}, SQLite {sqlite3.sqlite_version}, data in {settings.data_dir}")
    print(f"Database: {asyncio.run(_database(settings))}")
    problems = 0
    for candidate in discover():
        problems += bool(candidate.problem)
        print(f"Plugin {candidate.slug} {candidate.version} of {candidate.distribution}: {candidate.problem or 'fits'}")
    return 1 if problems else 0


async def _database(settings: Settings) -> str:
    if not settings.database_url and not (settings.data_dir / "regie.db").exists():
        return "SQLite, made at the first start"
    database = Database(settings.resolved_database_url)
    try:
        await database.start()
        return f"{database.dialect}, {await database.quick_check()}"
    finally:
        await database.stop()
