import asyncio
from typing import Any

import pytest
import voluptuous as vol

from regie.automation.trace import Trace
from regie.errors import InvalidData, NotFound, ServiceError
from regie.services import Service, ServiceCall
from regie.testing.hub import TestHub

MESSAGE = """\
alias: Message the viewer
triggers:
  - trigger: state
    entity_id: media_player.tv
    to: playing
conditions:
  - condition: state
    entity_id: binary_sensor.quiet
    state: "off"
actions:
  - action: demo.message
    data:
      text: "{{ trigger.to_state.attributes.user }} watches on {{ trigger.entity_id }}"
  - event: film_night
    event_data:
      who: "{{ trigger.to_state.attributes.user }}"
"""


class Screen:
    """A service that notes what it is asked, and may fail or wait."""

    def __init__(self, hub: TestHub) -> None:
        self.texts: list[str] = []
        self.fails = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.hub = hub
        schema = vol.Schema({vol.Required("text"): str})
        hub.services.register(Service(domain="demo", name="message", handler=self.show, schema=schema))

    async def show(self, call: ServiceCall) -> None:
        await self.gate.wait()
        if self.fails:
            raise ServiceError("The player cannot show messages")
        self.texts.append(call.data["text"])

    async def finished(self, count: int = 1) -> None:
        """Wait until so many runs have ended."""
        done = asyncio.Event()
        ended: list[Any] = []

        def note(event: Any) -> None:
            ended.append(event)
            if len(ended) >= count:
                done.set()

        undo = self.hub.bus.on("regie_automation_run", note)
        async with asyncio.timeout(10):
            await done.wait()
        undo()


@pytest.fixture
def screen(hub: TestHub) -> Screen:
    hub.states.set("binary_sensor.quiet", "off")
    hub.states.set("media_player.tv", "idle")
    return Screen(hub)


def play(hub: TestHub, user: str = "Alice") -> None:
    hub.states.set("media_player.tv", "idle")
    hub.states.set("media_player.tv", "playing", {"user": user})


async def traces_after(hub: TestHub, screen: Screen, automation_id: str) -> list[Trace]:
    waiting = asyncio.create_task(screen.finished())
    await asyncio.sleep(0)
    play(hub)
    await waiting
    return hub.automations.traces(automation_id)


async def test_a_trigger_with_its_condition_calls_the_service_and_leaves_a_trace(hub: TestHub, screen: Screen) -> None:
    fired: list[Any] = []
    hub.bus.on("film_night", fired.append)
    automation = await hub.automations.save(None, MESSAGE)
    trace = (await traces_after(hub, screen, automation.id))[0]
    assert screen.texts == ["Alice watches on media_player.tv"]
    assert fired[0].data == {"who": "Alice"}
    assert trace.state == "done"
    assert trace.trigger == "tv went from idle to playing"
    assert [(step.path, step.error) for step in trace.steps] == [
        ("conditions/0", ""),
        ("actions/0", ""),
        ("actions/1", ""),
    ]
    assert trace.steps[1].variables == {"text": "Alice watches on media_player.tv"}
    assert fired[0].context.parent_id is not None


async def test_a_condition_that_does_not_hold_stops_the_run_and_says_why(hub: TestHub, screen: Screen) -> None:
    hub.states.set("binary_sensor.quiet", "on")
    automation = await hub.automations.save(None, MESSAGE)
    trace = (await traces_after(hub, screen, automation.id))[0]
    assert trace.state == "stopped_by_condition"
    assert "binary_sensor.quiet is on" in trace.steps[0].result
    assert screen.texts == []


async def test_a_failing_action_is_shown_where_it_failed(hub: TestHub, screen: Screen) -> None:
    screen.fails = True
    automation = await hub.automations.save(None, MESSAGE)
    trace = (await traces_after(hub, screen, automation.id))[0]
    assert trace.state == "failed"
    assert trace.steps[-1].path == "actions/0"
    assert trace.steps[-1].error == "The player cannot show messages"


async def test_a_template_that_breaks_at_run_time_fails_the_run(hub: TestHub, screen: Screen) -> None:
    automation = await hub.automations.save(
        None, MESSAGE.replace("attributes.user }} watches", "attributes.nobody.at.all }} watches")
    )
    trace = (await traces_after(hub, screen, automation.id))[0]
    assert trace.state == "failed"
    assert "cannot be rendered" in trace.error


async def test_an_event_triggers_with_its_data(hub: TestHub, screen: Screen) -> None:
    text = """\
alias: On event
triggers:
  - trigger: event
    event_type: doorbell
    event_data: {door: front}
actions:
  - action: demo.message
    data: {text: "{{ trigger.event.data.door }}"}
"""
    await hub.automations.save(None, text)
    waiting = asyncio.create_task(screen.finished())
    await asyncio.sleep(0)
    hub.bus.fire("doorbell", {"door": "back"})
    hub.bus.fire("doorbell", {"door": "front"})
    await waiting
    assert screen.texts == ["front"]


async def test_single_mode_skips_while_it_runs(hub: TestHub, screen: Screen) -> None:
    automation = await hub.automations.save(None, MESSAGE)
    screen.gate.clear()
    waiting = asyncio.create_task(screen.finished(2))
    await asyncio.sleep(0)
    play(hub, "Alice")
    play(hub, "Bruno")
    screen.gate.set()
    await waiting
    assert sorted(trace.state for trace in hub.automations.traces(automation.id)) == ["done", "skipped"]
    assert len(screen.texts) == 1


async def test_queued_mode_keeps_the_order(hub: TestHub, screen: Screen) -> None:
    await hub.automations.save(None, f"mode: queued\n{MESSAGE}")
    waiting = asyncio.create_task(screen.finished(3))
    await asyncio.sleep(0)
    for name in ("Alice", "Bruno", "Chloé"):
        play(hub, name)
    await waiting
    assert [text.partition(" ")[0] for text in screen.texts] == ["Alice", "Bruno", "Chloé"]


async def test_restart_mode_ends_the_earlier_run(hub: TestHub, screen: Screen) -> None:
    automation = await hub.automations.save(None, f"mode: restart\n{MESSAGE}")
    screen.gate.clear()
    waiting = asyncio.create_task(screen.finished(2))
    await asyncio.sleep(0)
    play(hub, "Alice")
    await asyncio.sleep(0)
    play(hub, "Bruno")
    await asyncio.sleep(0)
    screen.gate.set()
    await waiting
    assert sorted(trace.state for trace in hub.automations.traces(automation.id)) == ["cancelled", "done"]
    assert screen.texts == ["Bruno watches on media_player.tv"]


async def test_running_now_needs_no_trigger(hub: TestHub, screen: Screen) -> None:
    text = "alias: Now\ntriggers: [{trigger: start}]\nactions: [{action: demo.message, data: {text: hi}}]\n"
    automation = await hub.automations.save(None, text)
    trace = await hub.automations.run(automation.id)
    assert (trace.state, screen.texts) == ("done", ["hi"])


@pytest.mark.parametrize("text", [MESSAGE.replace("demo.message", "demo.nothing"), "alias: [", "alias: x"])
async def test_what_cannot_run_is_not_saved(hub: TestHub, screen: Screen, text: str) -> None:
    automation = await hub.automations.save(None, MESSAGE)
    with pytest.raises(InvalidData, match=r"^Line \d+: "):
        await hub.automations.save(automation.id, text)
    assert hub.automations.get(automation.id).yaml == MESSAGE
    trace = (await traces_after(hub, screen, automation.id))[0]
    assert trace.state == "done"


async def test_disabled_and_removed_ones_do_not_run(hub: TestHub, screen: Screen) -> None:
    automation = await hub.automations.save(None, MESSAGE)
    await hub.automations.set_enabled(automation.id, enabled=False)
    play(hub)
    await asyncio.sleep(0)
    assert hub.automations.traces(automation.id) == []
    await hub.automations.remove(automation.id)
    with pytest.raises(NotFound):
        hub.automations.get(automation.id)


async def test_automations_survive_a_restart(hub: TestHub, screen: Screen) -> None:
    await hub.automations.save(None, MESSAGE)
    await hub.stop()
    later = TestHub(hub.settings.data_dir)
    await later.start()
    assert [(one.alias, one.is_enabled, one.error) for one in later.automations.all()] == [
        ("Message the viewer", True, "")
    ]
    await later.stop()


async def test_templates_cannot_reach_out_of_their_sandbox(hub: TestHub, screen: Screen) -> None:
    text = "alias: X\ntriggers: [{trigger: start}]\nactions: [{action: demo.message, data: {text: \"{{ ''.__class__.__mro__[1].__subclasses__() }}\"}}]\n"
    automation = await hub.automations.save(None, text)
    trace = await hub.automations.run(automation.id)
    assert trace.state == "failed"
    assert screen.texts == []
