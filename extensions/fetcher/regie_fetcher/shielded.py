"""Calls that run to their end whatever becomes of their caller."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

Params = ParamSpec("Params")
Result = TypeVar("Result")
_GRACE_S = 10.0


def shielded(
    function: Callable[Params, Coroutine[Any, Any, Result]],
) -> Callable[Params, Coroutine[Any, Any, Result]]:
    """Make a cancelled caller wait, up to 10 s, until the call is through; its cancellation goes on then."""

    @functools.wraps(function)
    async def call(*args: Params.args, **options: Params.kwargs) -> Result:
        task = asyncio.create_task(function(*args, **options), name=f"fetcher {function.__name__}")
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task], timeout=_GRACE_S)
            raise

    return call
