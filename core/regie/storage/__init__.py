"""Storage: one database, documents in it, migrations for each plugin, and the live store beside it."""

from regie.storage.database import Database
from regie.storage.documents import Documents
from regie.storage.live import LiveStore, MemoryLiveStore
from regie.storage.migrations import Storage, migrate

__all__ = ["Database", "Documents", "LiveStore", "MemoryLiveStore", "Storage", "migrate"]
