"""The stub bends statistics as the real server does."""

import io
from itertools import takewhile

import aiohttp
import pytest
from PIL import Image

from regie_demo.catalogue import Catalogue
from regie_demo.jellyfin import HandClock, ServerState, StubServer, Transcode, posters
from regie_demo.jellyfin.state import StubSession
from regie_demo.people import PEOPLE

ENCODED = Transcode("h264", "aac", "ts", video_direct=False, audio_direct=False, bitrate_kbps=4000)


def _film_session(state: ServerState) -> StubSession:
    return state.session_of(PEOPLE[0], PEOPLE[0].players[0])


def test_the_position_runs_on_between_reports_and_the_check_in_does_not(state: ServerState, clock: HandClock) -> None:
    session = _film_session(state)
    state.start(session, state.catalogue.films[0], position_s=100)
    assert session.playing
    checked_in = session.playing.check_in
    clock.forward(60)
    assert session.playing.position_at(clock()) == 160
    assert session.playing.check_in == checked_in


def test_a_silent_player_is_stopped_by_the_late_timer(state: ServerState, clock: HandClock) -> None:
    session = _film_session(state)
    stopped = []
    state.event_listeners.append(lambda event: stopped.append((event.name, event.position_s)))
    clock.forward(60)
    state.start(session, state.catalogue.films[0])
    for _ in takewhile(lambda _: session.playing, range(20)):
        clock.forward(60)
        state.stop_idle()
    assert stopped[-1] == ("PlaybackStop", 540.0)


def test_version_12_stops_a_silent_player_at_its_last_report(state: ServerState, clock: HandClock) -> None:
    state.version = "12.0.0"
    session = _film_session(state)
    stopped = []
    state.event_listeners.append(lambda event: stopped.append(event.position_s))
    state.start(session, state.catalogue.films[0], position_s=33)
    clock.forward(601)
    state.stop_idle()
    assert stopped[-1] == 33


def test_a_late_report_after_a_restart_makes_a_direct_play(state: ServerState) -> None:
    title = state.catalogue.films[0]
    state.start(_film_session(state), title, transcode=ENCODED)
    state.forget()
    session = _film_session(state)
    state.progress(session, title, 500)
    assert session.playing
    assert (session.playing.method, session.playing.transcode) == ("DirectPlay", None)


async def test_two_subscriptions_get_everything_twice(http: aiohttp.ClientSession, state: ServerState) -> None:
    state.start(_film_session(state), state.catalogue.films[0])
    async with http.ws_connect("/socket") as socket:
        assert (await socket.receive_json())["MessageType"] == "ForceKeepAlive"
        for _ in range(2):
            await socket.send_json({"MessageType": "SessionsStart", "Data": "0,1500"})
        await socket.send_json({"MessageType": "KeepAlive"})
        assert (await socket.receive_json())["MessageType"] == "KeepAlive"
        state.changed()
        received = [await socket.receive_json() for _ in range(2)]
    assert [message["MessageType"] for message in received] == ["Sessions", "Sessions"]


async def test_progress_is_pushed_once_an_interval_and_not_while_paused(
    http: aiohttp.ClientSession, stub: StubServer, clock: HandClock
) -> None:
    state, title = stub.state, stub.state.catalogue.films[0]
    state.start(_film_session(state), title)
    async with http.ws_connect("/socket") as socket:
        await socket.send_json({"MessageType": "SessionsStart", "Data": "0,1500"})
        await socket.send_json({"MessageType": "KeepAlive"})
        assert [(await socket.receive_json())["MessageType"] for _ in range(2)] == ["ForceKeepAlive", "KeepAlive"]
        for _ in range(4):
            clock.forward(1)
            await stub.tick()
        state.progress(_film_session(state), title, 9, paused=True)
        for _ in range(4):
            clock.forward(1)
            await stub.tick()
        await socket.send_json({"MessageType": "KeepAlive"})
        kinds = []
        async for frame in socket:
            kinds.append(frame.json()["MessageType"])
            if kinds[-1] == "KeepAlive":
                break
    assert kinds == ["Sessions", "Sessions", "Sessions", "KeepAlive"]


@pytest.mark.parametrize("status", [308, 404, 401])
async def test_an_upgrade_is_refused_on_request(http: aiohttp.ClientSession, stub: StubServer, status: int) -> None:
    stub.faults.refuse_upgrade = status
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
    async with http.get("/socket", headers=upgrade, allow_redirects=False) as response:
        assert response.status == status
        assert ("Location" in response.headers) == (status == 308)


async def test_a_restart_keeps_the_port_and_forgets_sessions(http: aiohttp.ClientSession, stub: StubServer) -> None:
    stub.state.start(_film_session(stub.state), Catalogue().films[0])
    url = stub.url
    await stub.restart()
    assert stub.url == url
    async with http.get("/Sessions") as response:
        assert await response.json() == []


async def test_a_key_is_needed_and_an_ordinary_person_sees_only_themselves(stub: StubServer) -> None:
    state = stub.state
    for person in PEOPLE[:2]:
        state.session_of(person, person.players[0])
    signed_in = state.sign_in("bruno", "b")
    assert signed_in
    async with aiohttp.ClientSession(stub.url) as http:
        async with http.get("/Sessions") as response:
            assert response.status == 401
        async with http.get("/Sessions", params={"ApiKey": signed_in[1]}) as response:
            assert [session["UserName"] for session in await response.json()] == ["Bruno"]
        async with http.get("/Users", params={"ApiKey": signed_in[1]}) as response:
            assert response.status == 403


async def test_a_poster_is_an_image_and_always_the_same(http: aiohttp.ClientSession, state: ServerState) -> None:
    async with http.get(f"/Items/{state.catalogue.films[0].id}/Images/Primary") as response:
        assert response.content_type == "image/png"
        drawn = await response.read()
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.size == (300, 450)
    posters.poster.cache_clear()
    assert posters.poster(state.catalogue.films[0].name) == drawn != posters.poster(state.catalogue.films[1].name)
    async with http.get("/Items/nothing/Images/Primary") as response:
        assert response.status == 404
