"""What is to be saved soon is saved, whatever comes between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from regie.errors import StorageFull
from regie.storage import Database, Documents, Storage, migrate
from regie.storage.models import Base


class Disk(Database):
    """A database whose writes can be made to fail."""

    is_full = False

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        if self.is_full:
            raise StorageFull("full")
        async with super().write() as session:
            yield session


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[Disk]:
    disk = Disk(f"sqlite+aiosqlite:///{tmp_path / 'regie.db'}")
    await migrate(disk, "core", Storage(Base.metadata, "regie.storage.migrations"))
    yield disk
    await disk.stop()


@pytest.fixture
def documents(disk: Disk) -> Documents:
    return Documents(disk, lambda coroutine, _name: coroutine.close())


async def test_a_write_cut_off_by_the_stop_is_made_up_for(disk: Disk, documents: Documents) -> None:
    documents.save_soon("a", {"n": 1})
    async with disk.write():
        cut_off = asyncio.create_task(documents.flush())
        await asyncio.sleep(0)
        cut_off.cancel()
        await asyncio.wait([cut_off])
    await documents.flush()
    assert await Documents(disk, lambda coroutine, _name: coroutine.close()).load("a") == {"n": 1}


async def test_what_is_being_written_is_what_is_read(disk: Disk, documents: Documents) -> None:
    documents.save_soon("a", {"n": 1})
    async with disk.write():
        flushing = asyncio.create_task(documents.flush())
        await asyncio.sleep(0)
        assert await documents.load("a") == {"n": 1}
    await flushing


async def test_what_a_full_disk_refused_is_kept_for_later(disk: Disk, documents: Documents) -> None:
    documents.save_soon("a", {"n": 1})
    disk.is_full = True
    with pytest.raises(StorageFull):
        await documents.flush()
    disk.is_full = False
    await documents.flush()
    assert await Documents(disk, lambda coroutine, _name: coroutine.close()).load("a") == {"n": 1}
