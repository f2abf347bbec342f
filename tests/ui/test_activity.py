"""The dashboard's feed and figures."""

from collections.abc import Awaitable, Callable

from regie.api import Extension, Manifest, MediaPlayer, PluginContext, Sensor, hookimpl
from regie.testing.hub import TestHub
from regie_ui import Panel
from regie_ui.activity import Activity

Visit = Callable[[str], Awaitable[str]]


class House(Extension):
    """One player and two sensors."""

    manifest = Manifest(name="House")

    def __init__(self) -> None:
        self.player = MediaPlayer(key="player", name="Attic <TV>", object_id="attic")
        self.bandwidth = Sensor(
            key="bandwidth", name="Bandwidth", object_id="a_bandwidth", unit="kbit/s", state_class="measurement"
        )
        self.label = Sensor(key="label", name="Label", object_id="b_label", state_class="measurement")

    @hookimpl
    async def setup(self, ctx: PluginContext) -> None:
        ctx.entities.add(self.player, self.bandwidth, self.label)


def _activity(hub: TestHub) -> Activity:
    plugin = hub.plugins.get("regie").plugin
    assert isinstance(plugin, Panel)
    assert plugin._watch.activity is not None
    return plugin._watch.activity


async def _house(hub: TestHub) -> House:
    record = await hub.load_plugin("house", House)
    assert isinstance(record.plugin, House)
    return record.plugin


def _said(activity: Activity) -> list[str]:
    return [one.text % dict(one.values) for one in activity.happenings]


async def test_a_play_is_told_when_it_begins_and_when_it_ends_but_not_when_it_pauses(panel: TestHub) -> None:
    house = await _house(panel)

    for state in ("idle", "playing", "paused", "playing", "idle"):
        house.player.update(state, attributes={"media_title": "Ballast", "media_series_title": "Tinker"})

    told = [text for text in _said(_activity(panel)) if "Attic" in text]
    assert told == ["Tinker · Ballast ended on Attic <TV>", "Tinker · Ballast began on Attic <TV>"]


async def test_names_in_the_feed_are_escaped(panel: TestHub, visit: Visit) -> None:
    house = await _house(panel)
    house.player.update("playing", attributes={"media_title": "<b>Ballast</b>"})

    text = await visit("/dashboard/feed")

    assert "&lt;b&gt;Ballast&lt;/b&gt; began on Attic &lt;TV&gt;" in text


async def test_an_automation_that_ran_is_told_by_its_name(panel: TestHub) -> None:
    saved = await panel.automations.save(
        None, "alias: Bell\ntriggers:\n  - trigger: event\n    event_type: ring\nactions:\n  - event: rang\n"
    )

    await panel.automations.run(saved.id)

    assert _said(_activity(panel))[0] == "Automation Bell ran"


async def test_figures_are_the_sensors_that_measure_a_number_in_readable_units(panel: TestHub) -> None:
    house = await _house(panel)
    activity = _activity(panel)
    house.label.update("not a number")
    for kbps in (1000, 38_240):
        house.bandwidth.update(kbps)
        activity.sample()

    (figure,) = activity.figures()

    assert (figure.label, figure.value, figure.unit, figure.points) == ("Bandwidth", 38.24, "Mb/s", (1.0, 38.24))


async def test_an_uninstalled_plugin_is_told(panel: TestHub) -> None:
    await _house(panel)

    await panel.unload_plugin("house")

    assert _said(_activity(panel))[0] == "house was uninstalled"
