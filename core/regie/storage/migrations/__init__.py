"""Migrations: one Alembic history and one version table for the core and for each plugin."""

from regie.storage.migrations.runner import MigrationError, Storage, migrate

__all__ = ["MigrationError", "Storage", "migrate"]
