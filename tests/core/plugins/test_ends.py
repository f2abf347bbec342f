"""Ends in the middle of something: a stop while a plugin waits or sets up, a clash that goes away."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from regie.api import Extension, Manifest, NotReady, PluginContext, hookimpl
from regie.errors import RegieError
from regie.hub import Hub
from regie.plugins.discovery import discover
from regie.settings import Settings
from regie.testing.hub import TestHub

Install = Callable[..., None]

STARTED = """
    started = False

    @hookimpl
    async def start(self, ctx):
        type(self).started = True
"""


class Late(Extension):
    """Never ready."""

    manifest = Manifest(name="Late")

    @hookimpl
    async def setup(self) -> None:
        raise NotReady("not yet")


class Slow(Extension):
    """Registers something, then takes its time."""

    manifest = Manifest(name="Slow")
    begun: ClassVar[asyncio.Event]
    undone: ClassVar[list[str]]

    @hookimpl
    async def setup(self, ctx: PluginContext) -> None:
        ctx.on_unload(lambda: self.undone.append("undone"))
        self.begun.set()
        await asyncio.Event().wait()


class TimedOut(Extension):
    """Its server did not answer in time."""

    manifest = Manifest(name="Timed out")

    @hookimpl
    async def setup(self) -> None:
        raise TimeoutError("the server did not answer")


async def test_a_plugin_that_waits_for_a_retry_ends_with_the_hub(hub: TestHub) -> None:
    with pytest.raises(RegieError, match="retrying"):
        await hub.load_plugin("late", Late)
    await hub.stop()
    await asyncio.sleep(0)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "retry of late"]


async def test_a_set_up_that_is_cut_off_is_undone(hub: TestHub) -> None:
    Slow.begun, Slow.undone = asyncio.Event(), []
    loading = asyncio.create_task(hub.load_plugin("slow", Slow))
    await Slow.begun.wait()
    loading.cancel()
    await asyncio.wait([loading])
    assert Slow.undone == ["undone"]


async def test_a_timeout_of_the_plugins_own_is_told_as_it_is(hub: TestHub) -> None:
    with pytest.raises(RegieError, match="the server did not answer"):
        await hub.load_plugin("timed_out", TimedOut)


async def test_what_a_clash_kept_out_is_started_when_the_other_goes(
    tmp_path: Path, install: Install, site: Path
) -> None:
    install("twice", STARTED, distribution="plug-one")
    install("twice", STARTED, distribution="plug-two")
    hub = Hub(
        Settings(data_dir=tmp_path / "data", port=0),
        find_plugins=lambda: [one for one in discover() if one.distribution.startswith("plug-")],
    )
    await hub.start()
    shutil.rmtree(site / "plug_two-1.0.dist-info")
    await hub.plugins.rescan()
    record = hub.plugins.get("twice")
    assert (record.state, getattr(record.plugin, "started", False)) == ("running", True)
    await hub.stop()
