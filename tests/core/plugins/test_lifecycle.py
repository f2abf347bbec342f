"""A plugin that breaks is named on its page, and nothing else suffers."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from regie.hub import Hub
from regie.plugins.discovery import discover
from regie.settings import Settings

Install = Callable[..., None]

GOOD = """
    @hookimpl
    async def setup(self, ctx):
        from regie.api import Sensor
        sensor = Sensor(key="a", name="Good thing")
        sensor.update(1)
        ctx.entities.add(sensor)
        ctx.services.register("work", lambda call: None)
        ctx.bus.on("boom", self.hear)
        ctx.create_task(self.forever(), name="forever")

    async def forever(self):
        import asyncio
        await asyncio.Event().wait()

    def hear(self, event):
        raise ValueError("listener broke")
"""


@pytest.fixture
async def hub(tmp_path: Path, install: Install) -> AsyncIterator[Hub]:
    install("good", GOOD)
    hub = Hub(
        Settings(data_dir=tmp_path / "data", port=0),
        find_plugins=lambda: [one for one in discover() if one.distribution.startswith("plug-")],
    )
    await hub.start()
    yield hub
    await hub.stop()


async def test_a_good_plugin_runs_with_all_it_registers(hub: Hub) -> None:
    record = hub.plugins.get("good")
    assert (record.state, record.version, record.distribution) == ("running", "1.0", "plug-good")
    assert hub.states.get("sensor.good_thing") is not None
    assert "work" in hub.services.all()["good"]


BROKEN = {
    "import": ({"above": "raise ValueError('at import')"}, "import_failed", "at import"),
    "exit": ({"above": "import sys; sys.exit(3)"}, "import_failed", "SystemExit"),
    "unknown hook": ({"body": "    @hookimpl\n    def set_up(self): pass"}, "invalid", "set_up"),
    "unknown argument": ({"body": "    @hookimpl\n    async def setup(self, ctx, more): pass"}, "invalid", "more"),
    "wrapper": (
        {"body": "    @hookimpl(wrapper=True)\n    def setup(self, ctx):\n        return (yield)"},
        "invalid",
        "wrap",
    ),
    "set-up": ({"body": "    @hookimpl\n    async def setup(self, ctx): raise KeyError('oops')"}, "crashed", "oops"),
    "set-up exits": (
        {"body": "    @hookimpl\n    async def setup(self, ctx): raise SystemExit(1)"},
        "crashed",
        "sys.exit",
    ),
    "not ready": (
        {
            "body": "    @hookimpl\n    async def setup(self, ctx):\n        from regie.api import NotReady\n        raise NotReady('later')"
        },
        "retrying",
        "later",
    ),
    "config": (
        {
            "body": "    @hookimpl\n    async def setup(self, ctx):\n        from regie.api import ConfigError\n        raise ConfigError('wrong path')"
        },
        "needs_setup",
        "wrong path",
    ),
    "sign-in": (
        {
            "body": "    @hookimpl\n    async def setup(self, ctx):\n        from regie.api import AuthFailed\n        raise AuthFailed('token')"
        },
        "needs_sign_in",
        "token",
    ),
    "other host": ({"requires": "regie>=9"}, "incompatible", ">=9"),
    "no host": ({"requires": ""}, "incompatible", "regie>="),
    "not a class": ({"above": "", "body": "    pass\nPlug = 3"}, "invalid", "subclass"),
    "wrong group": ({"group": "integrations"}, "invalid", "Integration"),
    "no manifest": ({"body": "    manifest = None"}, "invalid", "manifest"),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_what_breaks_is_named_and_leaves_nothing(hub: Hub, install: Install, case: str) -> None:
    options, state, words = BROKEN[case]
    install("bad", **{"body": "    pass", **options})
    assert await hub.plugins.rescan() == ["bad"]
    record = hub.plugins.get("bad")
    assert record.state == state
    assert words in record.reason
    assert record.ctx is None
    assert "bad" not in set(hub.bus.owners())
    assert hub.plugins.get("good").is_running


async def test_a_plugin_comes_and_goes_while_the_hub_runs(hub: Hub, install: Install, site: Path) -> None:
    install("late", GOOD.replace("Good thing", "Late thing"))
    assert await hub.plugins.rescan() == ["late"]
    assert hub.states.get("sensor.late_thing") is not None
    shutil.rmtree(site / "plug_late-1.0.dist-info")
    (site / "plug_late.py").unlink()
    assert await hub.plugins.rescan() == ["late"]
    assert hub.states.get("sensor.late_thing") is None
    assert "late" not in hub.services.all()
    assert "late" not in set(hub.bus.owners())
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("late:")]
    assert [record.slug for record in hub.plugins.all()] == ["good"]


async def test_two_distributions_with_one_slug_do_not_run_and_both_are_named(hub: Hub, install: Install) -> None:
    install("twin", distribution="plug-first")
    install("twin", distribution="plug-second")
    await hub.plugins.rescan()
    records = [record for record in hub.plugins.all() if record.slug == "twin"]
    assert [record.state for record in records] == ["invalid", "invalid"]
    assert all("plug-first and plug-second" in record.reason for record in records)


async def test_a_listener_that_raises_is_filed_under_its_plugin(hub: Hub) -> None:
    hub.bus.fire("boom")
    fault = hub.faults.of("good")[0]
    assert fault.where == "listener to boom"
    assert "listener broke" in fault.text
    assert "Traceback" in fault.traceback
    assert hub.plugins.get("good").is_running


async def test_too_many_faults_unload_the_plugin(hub: Hub) -> None:
    changed = asyncio.Event()
    hub.bus.on("regie_plugin_changed", lambda event: changed.set() if event.data["state"] == "crashed" else None)
    for _ in range(20):
        hub.bus.fire("boom")
    async with asyncio.timeout(10):
        await changed.wait()
    record = hub.plugins.get("good")
    assert record.state == "crashed"
    assert hub.states.get("sensor.good_thing") is None


async def test_faults_of_its_set_up_count_once_it_runs(hub: Hub) -> None:
    record = hub.plugins.get("good")
    record.state = "discovered"
    for _ in range(20):
        hub.bus.fire("boom")
    record.state = "running"
    crashed = asyncio.Event()
    hub.bus.on("regie_plugin_changed", lambda event: crashed.set() if event.data["state"] == "crashed" else None)
    for _ in range(2):
        hub.bus.fire("boom")
    async with asyncio.timeout(10):
        await crashed.wait()
    assert not record.is_running


async def test_a_disabled_plugin_stays_out_also_after_a_restart(hub: Hub) -> None:
    await hub.plugins.set_enabled("good", enabled=False)
    assert hub.plugins.get("good").state == "disabled"
    assert hub.states.get("sensor.good_thing") is None
    document = await hub.documents.load("core.plugins")
    assert document == {"disabled": ["good"]}
    await hub.plugins.set_enabled("good", enabled=True)
    assert hub.states.get("sensor.good_thing") is not None


async def test_needs_are_loaded_first_and_missing_ones_waited_for(hub: Hub, install: Install) -> None:
    install("needy", "    manifest = Manifest(name='Needy', needs=('base_thing',))")
    await hub.plugins.rescan()
    assert hub.plugins.get("needy").state == "retrying"
    assert "base_thing" in hub.plugins.get("needy").reason


async def test_a_failed_set_up_undoes_what_it_had_registered(hub: Hub, install: Install) -> None:
    install(
        "half",
        GOOD.replace(
            "        ctx.create_task", "        raise ValueError('half way')\n        ctx.create_task"
        ).replace("Good thing", "Half thing"),
    )
    await hub.plugins.rescan()
    assert hub.plugins.get("half").state == "crashed"
    assert hub.states.get("sensor.half_thing") is None
    assert "half" not in hub.services.all()


async def test_a_bundled_plugin_cannot_be_uninstalled(hub: Hub) -> None:
    from dataclasses import replace

    from regie.errors import ConfigError

    record = hub.plugins.get("good")
    record.candidate = replace(record.candidate, is_bundled=True)
    with pytest.raises(ConfigError, match="disabled"):
        await hub.plugins.uninstall("good")


def test_the_hubs_own_plugins_are_found_and_fit() -> None:
    found = {candidate.slug: candidate for candidate in discover()}
    assert {"regie", "jellyfin"} <= set(found)
    assert all(candidate.is_bundled and not candidate.problem for candidate in found.values())


async def test_failing_requests_do_not_unload_a_plugin(hub: Hub) -> None:
    for _ in range(30):
        hub.faults.report("good", ValueError("a visitor's doing"), "GET /x/good", is_from_request=True)
    assert len(hub.faults.of("good")) == 30
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "crash of good"]
    assert hub.plugins.get("good").is_running
