"""The vectors on file hold for this implementation: replayed from the file, as a client in another language would."""

import json
from typing import Any

import pytest

from regie_watch_party import vectors
from regie_watch_party.clock import ClockEstimator
from regie_watch_party.controller import Controller, rate_correction
from regie_watch_party.envelope import read_inbound, read_outbound, write
from regie_watch_party.player import Reading
from regie_watch_party.timeline import Timeline, start_lead_s
from regie_watch_party.validation import ProtocolError, decode

MICROSECOND = 1e-6


def load(name: str) -> Any:
    return json.loads((vectors.FOLDER / name).read_text())


@pytest.mark.parametrize("case", load("clock.json"), ids=lambda case: case["name"])
def test_the_clock_s_vectors(case: dict[str, Any]) -> None:
    clock = ClockEstimator()
    for step in case["steps"]:
        assert clock.add(step["sent_s"], step["server_s"], step["received_s"]) is step["stepped"]
        assert clock.server_time(step["received_s"]) == pytest.approx(step["server_time_s"], abs=MICROSECOND)
    assert clock.rtt_p95_s() == pytest.approx(case["rtt_p95_s"], abs=MICROSECOND)


def test_the_timeline_s_vectors() -> None:
    content = load("timeline.json")
    timeline = Timeline(epoch=1)
    for case in content["changes"]:
        timeline = getattr(timeline, case["call"])(*case["arguments"])
        assert timeline == decode(Timeline, case["timeline"])
        for server_s, position_s in case["positions"]:
            assert timeline.position(server_s) == pytest.approx(position_s, abs=MICROSECOND)
    for lead in content["leads"]:
        assert start_lead_s(lead["worst_rtt_p95_s"]) == pytest.approx(lead["lead_s"], abs=MICROSECOND)


def test_the_rate_s_vectors() -> None:
    for case in load("controller.json")["rates"]:
        wanted = rate_correction(case["error_s"], case["current"])
        assert wanted == pytest.approx(case["correction"], abs=MICROSECOND)


@pytest.mark.parametrize("replay", load("controller.json")["replays"], ids=lambda replay: replay["name"])
def test_the_controller_s_vectors(replay: dict[str, Any]) -> None:
    controller = Controller()
    for tick in replay["ticks"]:
        for timeline in tick["follow"]:
            controller.follow(decode(Timeline, timeline))
        now = tick["now_s"]
        commands = [
            vectors.describe_command(command) for command in controller.tick(now, now, decode(Reading, tick["reading"]))
        ]
        assert len(commands) == len(tick["commands"])
        for command, expected in zip(commands, tick["commands"], strict=True):
            assert command == pytest.approx(expected, abs=MICROSECOND)
        assert controller.wake_at_s == pytest.approx(tick["wake_at_s"], abs=MICROSECOND)


@pytest.mark.parametrize("case", load("protocol.json"), ids=lambda case: case["text"][:60])
def test_the_protocol_s_vectors(case: dict[str, Any]) -> None:
    read = read_inbound if case["direction"] == "inbound" else read_outbound
    if "error" in case:
        with pytest.raises(ProtocolError) as caught:
            read(case["text"])
        assert caught.value.code == case["error"]
    else:
        assert json.loads(write(read(case["text"]))) == case["normal"]


@pytest.mark.parametrize("name", ["clock.json", "timeline.json", "controller.json", "protocol.json"])
def test_the_files_are_those_that_the_package_writes(name: str) -> None:
    assert (vectors.FOLDER / name).read_text() == vectors.files()[name]
