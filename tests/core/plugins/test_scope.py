import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from regie.plugins.context import PluginContext
from regie.plugins.roles import Roles
from regie.plugins.scope import Scope
from regie.testing.hub import TestHub

Faults = list[tuple[str, str, str]]


@pytest.fixture
def faults() -> Faults:
    return []


@pytest.fixture
def scope(faults: Faults) -> Scope:
    return Scope("plug", lambda owner, error, where: faults.append((owner, str(error), where)))


async def test_closing_undoes_everything_newest_first_whatever_fails(scope: Scope, faults: Faults) -> None:
    undone: list[str] = []

    async def slowly() -> None:
        await asyncio.sleep(0)
        undone.append("b")

    def broken() -> None:
        raise ValueError("no undo")

    scope.keep(lambda: undone.append("a"))
    scope.keep(slowly)
    scope.keep(broken)
    scope.keep(lambda: undone.append("c"))
    await scope.close()
    assert undone == ["c", "b", "a"]
    assert faults == [("plug", "no undo", "unload")]


async def test_an_early_undo_happens_once(scope: Scope) -> None:
    undone: list[str] = []
    now = scope.keep(lambda: undone.append("a"))
    now()
    now()
    await scope.close()
    assert undone == ["a"]
    assert scope.counts() == {"registrations": 0, "tasks": 0}


async def test_tasks_end_with_the_scope_and_their_failures_are_filed(scope: Scope, faults: Faults) -> None:
    started = asyncio.Event()

    async def forever() -> None:
        started.set()
        await asyncio.Event().wait()

    async def fail() -> None:
        raise ValueError("task broke")

    task = scope.create_task(forever(), "forever")
    failing = scope.create_task(fail(), "fail")
    await started.wait()
    await asyncio.wait([failing])
    await scope.close()
    assert task.cancelled()
    assert faults == [("plug", "task broke", "task plug: fail")]


async def test_nothing_can_be_registered_after_the_end(scope: Scope) -> None:
    undone: list[str] = []
    await scope.close()
    with pytest.raises(RuntimeError, match="unloaded"):
        scope.keep(lambda: undone.append("late"))
    with pytest.raises(RuntimeError, match="unloaded"):
        scope.create_task(asyncio.sleep(0), "late")
    assert undone == ["late"]


class Speaker:
    """A role for tests."""


@pytest.mark.parametrize("provider_first", [True, False])
def test_providers_and_followers_meet_in_either_order(*, provider_first: bool, faults: Faults) -> None:
    roles = Roles(lambda owner, error, where: faults.append((owner, str(error), where)))
    seen: list[str] = []

    def follow(implementation: object) -> object:
        seen.append(f"+{implementation}")
        return lambda: seen.append(f"-{implementation}")

    if provider_first:
        withdraw = roles.provide(Speaker, "tv")
        leave = roles.follow(Speaker, follow, "plug")  # type: ignore[arg-type]
    else:
        leave = roles.follow(Speaker, follow, "plug")  # type: ignore[arg-type]
        withdraw = roles.provide(Speaker, "tv")
    assert roles.all(Speaker) == ["tv"]
    withdraw()
    assert roles.all(Speaker) == []
    leave()
    assert seen == ["+tv", "-tv"]


def test_a_follower_that_leaves_lets_go_of_all(faults: Faults) -> None:
    roles = Roles(lambda owner, error, where: faults.append((owner, str(error), where)))
    seen: list[str] = []
    roles.provide(Speaker, "tv")
    leave = roles.follow(Speaker, lambda one: lambda: seen.append(f"-{one}"), "plug")
    leave()
    assert seen == ["-tv"]


def test_a_failing_follower_is_named(faults: Faults) -> None:
    roles = Roles(lambda owner, error, where: faults.append((owner, str(error), where)))

    def broken(_implementation: object) -> None:
        raise ValueError("no")

    roles.follow(Speaker, broken, "plug")
    roles.provide(Speaker, "tv")
    assert faults == [("plug", "no", "role Speaker")]


async def test_a_timer_that_has_fired_leaves_nothing(tmp_path: Path) -> None:
    ctx = PluginContext(TestHub(tmp_path), "plug")
    fired = asyncio.Event()
    ctx.at(datetime.now(UTC), fired.set, name="once")
    await fired.wait()
    assert ctx.scope.counts()["registrations"] == 0
    await ctx.scope.close()


async def test_a_task_that_calls_exit_ends_alone(scope: Scope, faults: Faults) -> None:
    async def leave() -> None:
        sys.exit(3)

    await asyncio.wait([scope.create_task(leave(), "leave")])
    assert faults == [("plug", "sys.exit(3) was called", "task plug: leave")]


async def test_a_task_that_never_began_ends_quietly(scope: Scope, faults: Faults) -> None:
    async def never() -> None:
        raise AssertionError

    scope.create_task(never(), "never")
    await scope.close()
    assert faults == []
