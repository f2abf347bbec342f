"""Runs hooks. pluggy validates and finds the implementations; here each one is called on its own, so that it fails on its own."""

import asyncio
import inspect
from collections.abc import Mapping
from typing import Any

import pluggy

from regie.errors import RegieError
from regie.plugins.hookspecs import PROJECT, Hooks

SETUP_S = 30.0
STOP_S = 10.0


class InvalidPlugin(RegieError):
    """A plugin does not keep the contract; the text says where."""


class HookRunner:
    """Holds the registered plugins and calls one hook of one plugin at a time."""

    def __init__(self) -> None:
        self._pluggy = pluggy.PluginManager(PROJECT)
        self._pluggy.add_hookspecs(Hooks)
        self._known = {name for name in vars(Hooks) if not name.startswith("_")}

    def register(self, slug: str, plugin: object) -> None:
        """Validate a plugin and take it in; raises InvalidPlugin and leaves nothing of it behind."""
        try:
            self._pluggy.register(plugin, name=slug)
            self._check(slug, plugin)
        except (pluggy.PluginValidationError, ValueError) as error:
            self.unregister(slug)
            raise InvalidPlugin(_first_sentence(error)) from error

    def unregister(self, slug: str) -> None:
        """Forget a plugin."""
        if self._pluggy.get_plugin(slug) is not None:
            self._pluggy.unregister(name=slug)

    def has(self, slug: str, hook: str) -> bool:
        """Whether a plugin implements a hook."""
        return self._find(slug, hook) is not None

    def collect(self, slug: str, hook: str, **arguments: Any) -> Any:
        """Call a synchronous hook; None when the plugin does not implement it."""
        implementation = self._find(slug, hook)
        if implementation is None:
            return None
        try:
            return implementation.function(*_wanted(implementation, arguments))
        except SystemExit as error:
            raise RuntimeError(f"{hook} called sys.exit({error.code!r})") from error

    async def run(self, slug: str, hook: str, *, timeout_s: float = SETUP_S, **arguments: Any) -> Any:
        """Await an asynchronous hook in a task of its own, within a limit; None when the plugin does not implement it."""
        implementation = self._find(slug, hook)
        if implementation is None:
            return None

        async def call() -> Any:
            try:
                result = implementation.function(*_wanted(implementation, arguments))
                return await result if inspect.isawaitable(result) else result
            except SystemExit as error:  # or it would end the loop, and with it the hub
                raise RuntimeError(f"{hook} called sys.exit({error.code!r})") from error

        task = asyncio.create_task(call(), name=f"{slug}: {hook}")
        try:
            async with asyncio.timeout(timeout_s) as limit:
                return await task
        except TimeoutError as error:
            if not limit.expired():
                raise  # the plugin's own
            raise TimeoutError(f"{hook} took over {timeout_s:.0f} s") from error

    def _find(self, slug: str, hook: str) -> pluggy.HookImpl | None:
        caller = getattr(self._pluggy.hook, hook)
        return next((one for one in caller.get_hookimpls() if one.plugin_name == slug), None)

    def _check(self, slug: str, plugin: object) -> None:
        for name in dir(plugin):
            method = inspect.getattr_static(plugin, name)
            options = getattr(method, f"{PROJECT}_impl", None)
            if options is None:
                continue
            if name not in self._known:
                raise ValueError(
                    f"{slug} implements the unknown hook {name!r}; known are {', '.join(sorted(self._known))}"
                )
            if options.get("wrapper") or options.get("hookwrapper"):
                raise ValueError(f"{slug} wraps the hook {name!r}; wrappers are not allowed")


def _wanted(implementation: pluggy.HookImpl, arguments: Mapping[str, Any]) -> list[Any]:
    return [arguments[name] for name in implementation.argnames]


def _first_sentence(error: Exception) -> str:
    return " ".join(str(error).split())
