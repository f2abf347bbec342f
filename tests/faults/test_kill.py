"""What a power cut may cost: never a play, never a second of one that was not watched."""

import asyncio
import time

from .conftest import House, until

WATCHED_S = 200
"""So long ago the play began, by the server's clock: within what the monitor takes a webhook's word for."""


async def begin(house: House) -> None:
    """A play that began a while ago, and is saved."""
    house.clock.lag_s = WATCHED_S
    await house.tell("PlaybackStart", house.viewer(), 0)
    house.clock.lag_s = 0
    await until(lambda: house.open)


async def test_a_play_goes_on_over_a_kill_in_its_middle(house: House) -> None:
    began = time.time() - WATCHED_S
    await begin(house)
    await house.kill()
    house.state.progress(house.viewer(), house.film, WATCHED_S)
    await house.start()
    await until(house.is_live)
    assert house.plays == []
    position = WATCHED_S + 2
    await house.tell("PlaybackStop", house.viewer(), position)
    house.state.stop(house.viewer(), position)
    (play,) = await until(lambda: house.plays)
    assert abs(play["started"] - began) < 15
    assert WATCHED_S <= play["watch_s"] <= play["stopped"] - play["started"] <= time.time() - began + 1
    assert (play["pos0"], play["pos1"], play["paused_s"]) == (0, position, 0)
    assert (await house.page("/x/jellyfin_monitor/history")).count("/x/jellyfin_monitor/history/") == 1
    await asyncio.to_thread(house.hub.end)
    assert (len(house.plays), house.open) == (1, [])


async def test_a_play_that_ended_while_the_hub_was_dead_ends_at_its_last_report(house: House) -> None:
    await begin(house)
    house.clock.lag_s = WATCHED_S - 50
    await house.tell("PlaybackProgress", house.viewer(), 50)
    # A play that ends saves all that is open with it.
    await house.tell("PlaybackStart", house.viewer(1), 0)
    await house.tell("PlaybackStop", house.viewer(1), 0)
    house.clock.lag_s = 0
    await until(lambda: [round(play.get("watch_s", 0)) for play in house.open] == [50])
    await house.kill()
    await house.start()
    (play,) = await until(lambda: house.plays)
    assert (play["watch_s"], play["pos1"]) == (50, 50)
    assert abs(play["stopped"] - play["started"] - 50) <= 1
    await until(lambda: not house.open)


async def test_a_kill_after_the_end_loses_nothing_and_the_next_play_is_another(house: House) -> None:
    await begin(house)
    await house.tell("PlaybackStop", house.viewer(), WATCHED_S)
    (first,) = await until(lambda: house.plays)
    await house.kill()
    await house.start()
    # Killed once more while nobody plays.
    await house.kill()
    await house.start()
    house.state.start(house.viewer(), house.film, position_s=WATCHED_S - 20)
    await until(lambda: house.open)
    assert house.plays == [first]
    (again,) = house.open
    assert again["started"] >= first["stopped"]
    assert round(again["position0_s"]) == WATCHED_S - 20


async def test_a_restart_of_the_server_neither_ends_nor_doubles_a_play(house: House) -> None:
    await begin(house)
    house.state.progress(house.viewer(), house.film, WATCHED_S)
    before = house.asked
    await house.stub.restart()
    # The server has forgotten its sessions; the player reports on, and makes its session anew.
    house.state.progress(house.viewer(), house.film, WATCHED_S + 1)
    await until(lambda: house.asked > before)
    assert house.plays == []
    house.state.stop(house.viewer(), WATCHED_S + 2)
    (play,) = await until(lambda: house.plays)
    assert WATCHED_S <= play["watch_s"] <= play["stopped"] - play["started"]
    assert play["stopped"] <= time.time() + 1
    assert house.open == []


async def test_webhooks_twice_and_in_any_order_and_the_websocket_make_one_play(house: House) -> None:
    viewer, tell = house.viewer(), house.tell
    began = time.time() - WATCHED_S
    house.clock.lag_s = WATCHED_S + 60
    await tell("PlaybackStop", viewer, 5000)
    house.clock.lag_s = WATCHED_S - 100
    await tell("PlaybackProgress", viewer, 100)
    await until(lambda: house.open)
    house.clock.lag_s = 0
    house.state.progress(viewer, house.film, WATCHED_S)
    house.clock.lag_s = WATCHED_S
    await tell("PlaybackStart", viewer, 0)
    await tell("PlaybackStart", viewer, 0)
    house.clock.lag_s = 0
    house.state.stop(viewer, WATCHED_S + 1)
    await tell("PlaybackStop", viewer, WATCHED_S + 1)
    await tell("PlaybackStop", viewer, WATCHED_S + 1)
    house.clock.lag_s = WATCHED_S
    await tell("PlaybackStart", viewer, 0)
    await tell("PlaybackProgress", viewer, 50)
    house.clock.lag_s = 0
    # What another viewer plays is worked off after all that.
    await tell("PlaybackStart", house.viewer(1), 0)
    await until(lambda: house.plays)
    live = await house.page("/x/jellyfin_monitor/live/cards")
    assert (live.count("Bruno") > 0, live.count("Alice")) == (True, 0)
    (play,) = house.plays
    assert abs(play["started"] - began) < 15
    assert WATCHED_S <= play["watch_s"] <= play["stopped"] - play["started"] <= time.time() - began + 1
    assert play["pos0"] == 0
