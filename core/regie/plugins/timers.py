"""Timers and supervised tasks of a plugin."""

import asyncio
import inspect
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

from regie.plugins.scope import Scope

FIRST_RESTART_S = 1.0
LAST_RESTART_S = 300.0
PEACE_S = 600.0
"""A task that ran this long starts again with the first delay."""


async def every(scope: Scope, seconds: float, function: Callable[[], Any], name: str, *, once: bool = False) -> None:
    """Call a function each so many seconds; the next wait begins when a slow call ends, so calls never overlap."""
    loop = asyncio.get_running_loop()
    due = loop.time() + seconds
    while True:
        await asyncio.sleep(max(0.0, due - loop.time()))
        try:
            result = function()
            if inspect.isawaitable(result):
                await result
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a failing call is filed; the timer goes on
            scope.on_fault(scope.owner, error, f"timer {name}")
        if once:
            return
        due = max(due + seconds, loop.time())


async def supervise(scope: Scope, name: str, factory: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine until it returns; each failure is filed and it starts again after a growing pause."""
    delay_s = FIRST_RESTART_S
    while True:
        began = time.monotonic()
        try:
            await factory()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - supervision is this boundary
            scope.on_fault(scope.owner, error, f"task {name}")
        else:
            return
        if time.monotonic() - began > PEACE_S:
            delay_s = FIRST_RESTART_S
        await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter against a herd, not a secret
        delay_s = min(delay_s * 2, LAST_RESTART_S)
