import asyncio
import errno
import hashlib
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regie_fetcher import disk
from regie_fetcher.errors import NoSpace, StoreUnavailable
from regie_fetcher.reconcile import reconcile
from regie_fetcher.rows import LibraryItem, MediaFile, MemoryRows
from regie_fetcher.store import MediaStore

FACTS = MediaFile(sha256="", size=0, source_sha256="5" * 64, source_bytes=9, recipe="r1")


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "store", MemoryRows(), tree=tmp_path / "tree", reserve_bytes=0).create()


def item(job: str, title: str = "Title", **changes: Any) -> LibraryItem:
    return LibraryItem(id=job, owner="ann", title=title, sha256="", **changes)


async def add(store: MediaStore, job: str, data: bytes, title: str = "Title", **changes: Any) -> LibraryItem:
    path = store.work(job) / "result.mp4"
    path.write_bytes(data)
    return (await store.add_media(path, FACTS, item(job, title, **changes))).item


def stored(store: MediaStore) -> list[str]:
    return sorted(path.stem for path in store.root.glob("[0-9a-f][0-9a-f]/*"))


def tree(store: MediaStore) -> list[str]:
    assert store.tree is not None
    return sorted(path.relative_to(store.tree).as_posix() for path in store.tree.rglob("*") if path.is_file())


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def test_equal_bytes_are_one_file_with_two_items_and_two_names(store: MediaStore) -> None:
    first = await add(store, "j1", b"film", folder="Films")
    second = await add(store, "j2", b"film", folder="Films")
    assert first.sha256 == second.sha256 == sha(b"film")
    assert stored(store) == [sha(b"film")]
    assert tree(store) == ["Films/Title (2).mp4", "Films/Title.mp4"]
    media = await store.rows.media(sha(b"film"))
    assert media is not None
    assert store.place(media).stat().st_nlink == 3
    assert media.size == 4


async def test_the_file_goes_with_the_last_item_and_rests_in_the_trash(store: MediaStore) -> None:
    await add(store, "j1", b"film")
    await add(store, "j2", b"film")
    assert await store.delete_media("j1")
    assert stored(store) == [sha(b"film")]
    assert tree(store) == ["Title (2).mp4"]
    assert await store.delete_media("j2")
    assert (stored(store), tree(store)) == ([], [])
    assert not await store.delete_media("j2")
    assert store.empty_trash(3600) == 0
    assert store.empty_trash(0) == 4


async def test_a_job_that_runs_again_adds_nothing(store: MediaStore) -> None:
    first = await add(store, "j1", b"film")
    assert await add(store, "j1", b"film", "Other title") == first
    assert len(await store.rows.all_items()) == 1
    assert tree(store) == ["Title.mp4"]


async def test_a_known_source_needs_no_second_file(store: MediaStore) -> None:
    await add(store, "j1", b"film")
    known = await store.rows.media_by_source("5" * 64, "r1")
    assert known is not None
    assert await store.add_known(known, item("j2")) is not None
    assert len(await store.rows.all_items()) == 2
    store.place(known).unlink()
    assert await store.add_known(known, item("j3")) is None


@pytest.mark.parametrize("title", ["..", "../../x", "a/../../b", "\u202eevil", "🎬" * 300, "", "CON", "-rf", "x\0y"])
async def test_no_title_leads_out_of_the_tree(store: MediaStore, title: str) -> None:
    made = await add(store, "j1", b"film", title, folder="../../..")
    assert made.title == title
    assert store.tree is not None
    assert len(tree(store)) == 1
    assert sorted(path.name for path in store.tree.parent.iterdir()) == ["store", "tree"]


async def test_a_link_out_of_the_tree_is_not_followed(store: MediaStore, tmp_path: Path) -> None:
    assert store.tree is not None
    store.tree.mkdir()
    (tmp_path / "outside").mkdir()
    (store.tree / "Films").symlink_to(tmp_path / "outside")
    with pytest.raises(StoreUnavailable, match="leads out"):
        await add(store, "j1", b"film", folder="Films")
    assert list((tmp_path / "outside").iterdir()) == []


def test_room_is_claimed_beside_the_reserve_and_other_claims(tmp_path: Path) -> None:
    store = MediaStore(tmp_path, MemoryRows(), reserve_bytes=100, free=lambda _: 1000)
    with store.claim(500):
        with store.claim(400):
            pass
        with pytest.raises(NoSpace, match="401 bytes are needed, 400 are free"), store.claim(401):
            pass
    with store.claim(900):
        pass


async def test_an_unmounted_share_does_not_look_like_an_empty_library(store: MediaStore) -> None:
    await add(store, "j1", b"film")
    (store.root / ".regie-store").rename(store.root / "gone")
    with pytest.raises(StoreUnavailable, match="mounted"):
        await reconcile(store)
    with pytest.raises(StoreUnavailable):
        store.work("j2")
    with pytest.raises(StoreUnavailable):
        await store.delete_media("j1")
    assert await store.rows.item("j1") is not None


async def test_a_file_without_row_is_trashed_unless_a_job_names_it(store: MediaStore) -> None:
    for data in (b"stray", b"named"):
        path = store.root / sha(data)[:2] / f"{sha(data)}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        path.with_name(f"{path.name}.part").write_bytes(b"half")
    report = await reconcile(store, expected=[sha(b"named")])
    assert report.trashed == [sha(b"stray")]
    assert len(report.dropped_parts) == 2
    assert stored(store) == [sha(b"named")]


async def test_a_row_without_file_is_restored_from_the_trash_or_marked(store: MediaStore) -> None:
    await add(store, "j1", b"one")
    await add(store, "j2", b"two")
    one, two = [await store.rows.media(sha(data)) for data in (b"one", b"two")]
    assert one is not None
    assert two is not None
    store.place(one).rename(store.trash(one))
    store.place(two).unlink()
    report = await reconcile(store)
    assert (report.restored, report.missing) == ([one.sha256], [two.sha256])
    marked = await store.rows.media(two.sha256)
    assert marked is not None
    assert marked.is_missing
    await add(store, "j3", b"two")
    found = await store.rows.media(two.sha256)
    assert found is not None
    assert not found.is_missing


async def test_a_changed_file_is_set_aside_when_asked_to_verify(store: MediaStore) -> None:
    await add(store, "j1", b"film")
    media = await store.rows.media(sha(b"film"))
    assert media is not None
    store.place(media).write_bytes(b"rot!")
    assert (await reconcile(store)).corrupt == []
    report = await reconcile(store, verify=True)
    assert (report.corrupt, report.missing) == ([media.sha256], [media.sha256])


async def test_the_tree_is_mended_and_peoples_own_files_are_left_alone(store: MediaStore) -> None:
    await add(store, "j1", b"film")
    assert store.tree is not None
    (store.tree / "Title.mp4").rename(store.tree / "stray.mp4")
    (store.tree / "mine.txt").write_text("mine")
    os.link(store.tree / "mine.txt", store.tree / "mine too.txt")
    report = await reconcile(store)
    assert (report.unlinked, report.relinked) == (["stray.mp4"], ["Title.mp4"])
    assert tree(store) == ["Title.mp4", "mine too.txt", "mine.txt"]


async def test_work_of_dead_jobs_is_cleared(store: MediaStore) -> None:
    for job in ("dead", "live"):
        (store.work(job) / "source.part").write_bytes(b"half")
    assert (await reconcile(store, live_jobs=["live"])).dropped_works == ["dead"]
    assert [path.name for path in store.works()] == ["live"]


async def test_an_add_that_races_a_delete_wins_back_the_file(store: MediaStore) -> None:
    await add(store, "j1", b"film")
    media = await store.rows.media(sha(b"film"))
    assert media is not None
    # As another node would: its row is gone, ours comes, and only then it moves the file away.
    await store.rows.remove_item("j1")
    await store.rows.commit(media, replace(item("j2"), sha256=media.sha256))
    await store.discard(media)
    assert stored(store) == [media.sha256]


async def test_across_file_systems_a_file_is_copied_and_verified(
    store: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Path.replace

    def other_device(self: Path, target: Path) -> Path:
        if self.name == "result.mp4":
            raise OSError(errno.EXDEV, "other device")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", other_device)
    await add(store, "j1", b"film")
    assert stored(store) == [sha(b"film")]
    monkeypatch.setattr(disk, "hash_file", lambda _: "another")
    with pytest.raises(StoreUnavailable, match="faulty"):
        await add(store, "j2", b"other")
    assert stored(store) == [sha(b"film")]


async def test_where_links_are_refused_the_tree_holds_copies(
    store: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    await add(store, "j1", b"film")
    assert store.tree is not None
    assert (store.tree / "Title.mp4").read_bytes() == b"film"
    assert tree(store) == ["Title.mp4"]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from("adr"), max_size=25))
def test_any_order_of_adds_deletes_and_reconciles_keeps_the_invariants(seed: int, steps: list[str]) -> None:
    import tempfile

    async def run(root: Path) -> None:
        store = MediaStore(root / "store", MemoryRows(), tree=root / "tree", reserve_bytes=0).create()
        choice = random.Random(seed)
        for number, step in enumerate(steps):
            if step == "a":
                await add(store, f"j{number}", choice.choice([b"one", b"two", b"three"]))
            elif step == "d":
                await store.delete_media(f"j{choice.randrange(number + 1)}")
            else:
                await reconcile(store)
            items = await store.rows.all_items()
            assert stored(store) == sorted({each.sha256 for each in items})
            assert tree(store) == sorted(each.link for each in items) if items else True

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


async def test_a_file_of_the_users_own_keeps_its_name_and_outlives_the_item(store: MediaStore) -> None:
    assert store.tree is not None
    store.tree.mkdir()
    own = store.tree / "Title.mp4"
    own.write_bytes(b"my own film")
    added = await add(store, "j1", b"film")
    assert added.link == "Title (2).mp4"
    assert (store.tree / added.link).read_bytes() == b"film"
    await store.delete_media("j1")
    assert own.read_bytes() == b"my own film"
    assert tree(store) == ["Title.mp4"]


async def test_equal_bytes_are_one_file_whatever_ending_they_are_given(store: MediaStore) -> None:
    await add(store, "j1", b"film")
    path = store.work("j2") / "source"
    path.write_bytes(b"film")
    added = await store.add_media(path, replace(FACTS, suffix=".m4a"), item("j2"))
    assert stored(store) == [sha(b"film")]
    assert (added.item.link, added.media.suffix) == ("Title (2).mp4", ".mp4")


async def test_a_job_that_runs_again_with_other_bytes_leaves_no_orphan(store: MediaStore) -> None:
    first = await add(store, "j1", b"film")
    assert await add(store, "j1", b"another film") == first
    assert stored(store) == [sha(b"film")]
    assert (await reconcile(store)).trashed == []


async def test_a_file_of_another_device_is_never_taken_for_a_link_of_ours(
    store: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.tree is not None
    added = await add(store, "j1", b"film")
    stray = store.tree / "mounted.mp4"
    os.link(store.tree / added.link, stray)
    real = Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = real(path, follow_symlinks=follow_symlinks)
        return os.stat_result((*found[:2], found.st_dev + 1, *found[3:10])) if path.name == stray.name else found

    monkeypatch.setattr(Path, "stat", stat)
    assert (await reconcile(store)).unlinked == []
    assert stray.exists()
