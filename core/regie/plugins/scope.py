"""A scope: everything that was registered in it, undone together and in reverse order."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from regie.bus.bus import OnFault, Undo

TASKS_END_S = 5.0


class Scope:
    """Keeps undos and tasks of one owner. Closing it leaves nothing behind, whatever single undos do."""

    def __init__(self, owner: str, on_fault: OnFault) -> None:
        self.owner = owner
        self.on_fault = on_fault
        self.is_closed = False
        self._undos: dict[object, Callable[[], Any]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def keep(self, undo: Callable[[], Any]) -> Undo:
        """Remember an undo (plain or coroutine function); what returns does it now, once, if it is a plain one."""
        if self.is_closed:
            undo()
            raise RuntimeError(f"{self.owner} is unloaded: nothing can be registered any more")
        key = object()
        self._undos[key] = undo

        def now() -> None:
            if self._undos.pop(key, None) is not None:
                undo()

        return now

    def create_task(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run a coroutine as a task that ends with the scope; its failure is a fault of the owner."""
        if self.is_closed:
            coroutine.close()
            raise RuntimeError(f"{self.owner} is unloaded: no task can be started any more")
        task = asyncio.get_running_loop().create_task(_without_exit(coroutine), name=f"{self.owner}: {name}")
        # Cancelled before it ran, the wrapper has never touched it.
        task.add_done_callback(lambda _task: coroutine.close())
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def counts(self) -> dict[str, int]:
        """How much is open."""
        return {"registrations": len(self._undos), "tasks": len(self._tasks)}

    async def close(self) -> None:
        """Cancel the tasks, then undo everything, newest first; each failure is filed, none stops the rest."""
        self.is_closed = True
        await self._end_tasks()
        async with AsyncExitStack() as stack:
            for undo in self._undos.values():
                stack.push_async_callback(self._undo, undo)
            self._undos = {}
        await self._end_tasks()

    async def _end_tasks(self) -> None:
        current = asyncio.current_task()
        ending = [task for task in self._tasks if task is not current]
        for task in ending:
            task.cancel()
        if ending:
            _, stubborn = await asyncio.wait(ending, timeout=TASKS_END_S)
            for task in stubborn:
                self.on_fault(self.owner, TimeoutError(f"The task {task.get_name()} does not end"), "unload")

    async def _undo(self, undo: Callable[[], Any]) -> None:
        try:
            result = undo()
            if inspect.isawaitable(result):
                async with asyncio.timeout(TASKS_END_S):
                    await result
        except Exception as error:  # noqa: BLE001 - one failing undo must not keep the others
            self.on_fault(self.owner, error, "unload")

    def _task_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.on_fault(self.owner, error, f"task {task.get_name()}")


async def _without_exit(coroutine: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await coroutine
    except SystemExit as error:  # or it would end the loop, and with it the hub
        raise RuntimeError(f"sys.exit({error.code!r}) was called") from error
