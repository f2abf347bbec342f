"""Test vectors for clients in other languages; `python -m regie_watch_party.vectors` writes the files.

Numbers are seconds. A client passes if it gives the same commands, and numbers that differ by less than a microsecond.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from regie_watch_party.clock import ClockEstimator
from regie_watch_party.controller import Controller, rate_correction
from regie_watch_party.envelope import read_inbound, read_outbound, write
from regie_watch_party.player import Command, Pause, Play, Reading, Seek, SetRate
from regie_watch_party.timeline import Timeline, start_lead_s
from regie_watch_party.validation import ProtocolError, encode

FOLDER = Path(__file__).parent / "data"
DIGITS = 9
REPLAY_TICK_S = 0.1


def clock_vectors() -> list[dict[str, Any]]:
    """Pings in, server time out: a burst, a drifting clock, and one that is stepped by an hour."""
    burst = [(0.25 * i, 100.0 + 0.25 * i + 0.02 + 0.004 * (i % 3), 0.25 * i + 0.05 + 0.006 * (i % 4)) for i in range(8)]
    drift = [
        (5.0 * i, 7.0 + 5.0 * i * 1.00008 + 0.03 + 0.002 * (i % 5), 5.0 * i + 0.06 + 0.003 * (i % 5)) for i in range(30)
    ]
    stepped = [(5.0 * i, 5.0 * i + 0.02 + (3600.0 if i > 5 else 0.0), 5.0 * i + 0.04) for i in range(10)]
    cases = {"a burst": burst, "a clock 80 ppm slow": drift, "a stepped clock": stepped}
    return [_clock_case(name, pings) for name, pings in cases.items()]


def _clock_case(name: str, pings: list[tuple[float, float, float]]) -> dict[str, Any]:
    estimator = ClockEstimator()
    steps = []
    for sent_s, server_s, received_s in pings:
        stepped = estimator.add(sent_s, server_s, received_s)
        expected = estimator.server_time(received_s)
        steps.append(
            {
                "sent_s": sent_s,
                "server_s": server_s,
                "received_s": received_s,
                "stepped": stepped,
                "server_time_s": expected,
            }
        )
    return {"name": name, "steps": steps, "rtt_p95_s": estimator.rtt_p95_s(), "drift": estimator.drift}


def timeline_vectors() -> list[dict[str, Any]]:
    """Commands in order, and the timeline after each."""
    changes: list[tuple[str, list[Any], Callable[[Timeline], Timeline]]] = [
        ("load", [10.0, "film"], lambda t: t.load(10.0, "film")),
        ("play", [20.0, 0.3], lambda t: t.play(20.0, 0.3)),
        ("pause", [80.5], lambda t: t.pause(80.5)),
        ("seek", [90.0, 600.0, 0.3], lambda t: t.seek(90.0, 600.0, 0.3)),
        ("play", [100.0, 0.25], lambda t: t.play(100.0, 0.25)),
        ("change_rate", [110.0, 1.25], lambda t: t.change_rate(110.0, 1.25)),
        ("seek", [120.0, 30.0, 0.4], lambda t: t.seek(120.0, 30.0, 0.4)),
        ("repeat", [], lambda t: t.repeat()),
        ("under", [2], lambda t: t.under(2)),
    ]
    timeline = Timeline(epoch=1)
    cases = []
    for name, arguments, change in changes:
        timeline = change(timeline)
        now = arguments[0] if arguments and name != "under" else 121.0
        positions = [[now + after, timeline.position(now + after)] for after in (-1.0, 0.0, 0.5, 60.0)]
        cases.append({"call": name, "arguments": arguments, "timeline": encode(timeline), "positions": positions})
    return cases


def lead_vectors() -> list[dict[str, float]]:
    """How far ahead a start is set, by the slowest member's round trip."""
    return [{"worst_rtt_p95_s": rtt, "lead_s": start_lead_s(rtt)} for rtt in (0.0, 0.1, 0.3, 0.6, 2.0)]


def rate_vectors() -> list[dict[str, float]]:
    """The law of the rate: an error and the correction in force, to the correction wanted."""
    errors = (0.0, 0.003, 0.005, 0.0139, 0.015, 0.03, -0.03, 0.079, 0.081, 0.2, -0.5, 3.0)
    return [
        {"error_s": error, "current": current, "correction": rate_correction(error, current)}
        for error in errors
        for current in (0.0, 0.01, -0.01, 0.12)
    ]


def controller_vectors() -> list[dict[str, Any]]:
    """Ticks in order: what the player showed, and what it is to be told."""
    playing = Timeline(epoch=1, item="film", at_s=1.0, playing=True)
    sought = Timeline(epoch=2, item="film", position_s=500.0, at_s=6.0, playing=True)
    stopped = Timeline(epoch=3, item="film", position_s=504.0, at_s=10.0, playing=False)
    late = Timeline(epoch=1, item="film", position_s=50.0, at_s=-30.0, playing=True)
    return [
        {"name": "start, seek, pause", "ticks": list(_replay([(0.0, playing), (5.0, sought), (10.0, stopped)], 12.0))},
        {"name": "join a playing room", "ticks": list(_replay([(0.0, late)], 8.0))},
        {"name": "catch up after a stall", "ticks": list(_replay([(0.0, playing)], 10.0, stall=(4.0, 4.4)))},
    ]


def _replay(
    timelines: list[tuple[float, Timeline]], length_s: float, stall: tuple[float, float] = (0.0, 0.0)
) -> Iterator[dict[str, Any]]:
    """Run a controller against a player that starts and seeks in 0.2 s."""
    controller = Controller()
    position, rate, paused, blocked_until = 0.0, 1.0, True, 0.0
    for number in range(round(length_s / REPLAY_TICK_S)):
        now = round(number * REPLAY_TICK_S, DIGITS)
        stalled = stall[0] <= now < stall[1]
        followed = [timeline for at_s, timeline in timelines if at_s == now]
        for timeline in followed:
            controller.follow(timeline)
        reading = Reading(
            now, round(position, DIGITS), paused, seeking=now < blocked_until and not paused, stalled=stalled
        )
        commands = controller.tick(now, now, reading)
        yield {
            "now_s": now,
            "follow": [encode(timeline) for timeline in followed],
            "reading": encode(reading),
            "commands": [describe_command(command) for command in commands],
            "wake_at_s": controller.wake_at_s,
        }
        for command in commands:
            if isinstance(command, Play | Pause):
                paused, blocked_until = isinstance(command, Pause), now + 0.2
            elif isinstance(command, Seek):
                position, blocked_until = command.position_s, now + 0.2
            else:
                rate = command.rate
        if not paused and not stalled and now >= blocked_until:
            position += rate * REPLAY_TICK_S


def describe_command(command: Command) -> dict[str, Any]:
    """A command as JSON."""
    if isinstance(command, Seek):
        return {"command": "seek", "position_s": command.position_s}
    if isinstance(command, SetRate):
        return {"command": "rate", "rate": command.rate}
    return {"command": "play" if isinstance(command, Play) else "pause"}


INBOUND_SAMPLES = (
    '{"type":"hello","payload":{"name":"Ada","player":"mpv"}}',
    '{"type":"join_room","room":"r1","payload":{"password":"open"},"v":1}',
    '{"type":"player_event","room":"r1","client":"c1","payload":{"action":"seek","position_s":61},"ts":5.5,"epoch":7}',
    '{"type":"ping","payload":{"sent_s":1.5,"rtt_p95_s":0.2,"state":{"position_s":3,"at_s":9,"play_state":"playing"}}}',
    '{"type":"chat","payload":{"text":"Größe, 字, 😀","unknown":1}}',
    '{"type":"queue","payload":{"action":"add","item":{"id":"i1","title":"Film"},"index":0}}',
    '{"type":"grant","payload":{"member":"c2","permissions":["playback","moderate"]}}',
    '{"type":"sync_request"}',
    '{"type":"chat","payload":{"text":""}}',
    '{"type":"chat","payload":{"text":"a\\u0000b"}}',
    '{"type":"chat","payload":{"text":"\\ud800"}}',
    '{"type":"chat"}',
    '{"type":"player_event","payload":{"action":"jump"}}',
    '{"type":"player_event","payload":{"action":"seek","position_s":-1}}',
    '{"type":"player_event","payload":{"action":"seek","position_s":true}}',
    '{"type":"player_event","payload":{"action":"seek","position_s":1e999}}',
    '{"type":"ready","payload":{"epoch":1.5}}',
    '{"type":"ready","payload":[]}',
    '{"type":"welcome","payload":{}}',
    '{"type":"sync_request","v":2}',
    '{"type":"sync_request","seq":-1}',
    '{"payload":{}}',
    "[]",
    "NaN",
    "{",
)
OUTBOUND_SAMPLES = (
    '{"type":"pong","payload":{"sent_s":1.5,"server_s":100},"seq":3,"epoch":4294967297}',
    '{"type":"timeline","payload":{"timeline":{"epoch":2,"item":"i1","position_s":1,"at_s":2,"rate":1,"playing":true},"reason":"play"}}',
    '{"type":"lag","payload":{"lags":[{"member":"c1","lag_ms":-12}]}}',
    '{"type":"lag","payload":{"lags":[{"member":"c1","lag_ms":"12"}]}}',
    '{"type":"error","payload":{"code":"forbidden","message":"You may not steer this room."}}',
)


def protocol_vectors() -> list[dict[str, Any]]:
    """Texts of either direction: what they mean, or with which code they are refused."""
    sides: tuple[tuple[str, tuple[str, ...], Callable[[str], Any]], ...] = (
        ("inbound", INBOUND_SAMPLES, read_inbound),
        ("outbound", OUTBOUND_SAMPLES, read_outbound),
    )
    return [_protocol_case(side, text, read) for side, samples, read in sides for text in samples]


def _protocol_case(side: str, text: str, read: Callable[[str], Any]) -> dict[str, Any]:
    try:
        return {"direction": side, "text": text, "normal": json.loads(write(read(text)))}
    except ProtocolError as error:
        return {"direction": side, "text": text, "error": error.code}


def files() -> dict[str, str]:
    """All vectors, by the name of their file."""
    content = {
        "clock.json": clock_vectors(),
        "timeline.json": {"changes": timeline_vectors(), "leads": lead_vectors()},
        "controller.json": {"rates": rate_vectors(), "replays": controller_vectors()},
        "protocol.json": protocol_vectors(),
    }
    return {
        name: json.dumps(_rounded(vectors), indent=1, ensure_ascii=True) + "\n" for name, vectors in content.items()
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    for file_name, file_text in files().items():
        (FOLDER / file_name).write_text(file_text)
