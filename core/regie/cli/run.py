"""`regie run`."""

import argparse
import asyncio
import os
import signal
from dataclasses import replace

from regie.cli.options import settings_of
from regie.hub import Hub
from regie.observe.logs import Redactor, set_up_logs
from regie.settings import Settings

DEMO_USER = "demo"


def run(options: argparse.Namespace) -> int:
    """Run the hub until it is told to stop."""
    settings = settings_of(options)
    if settings.demo:
        settings = replace(settings, data_dir=settings.data_dir / "demo")
    redactor = Redactor()
    set_up_logs(settings.log_level, json=settings.log_json, redactor=redactor)
    return asyncio.run(_run(settings, redactor))


async def _run(settings: Settings, redactor: Redactor) -> int:
    hub = Hub(settings, redactor)
    stop = asyncio.Event()
    _on_signals(stop)
    try:
        await hub.start()
        await _welcome(hub)
        await stop.wait()
    finally:
        if hub.state != "NOT_RUNNING":
            await hub.stop()
    return 0


def _on_signals(stop: asyncio.Event) -> None:
    def asked(name: str) -> None:
        if stop.is_set():
            os._exit(130 if name == "SIGINT" else 143)  # the second request means now
        stop.set()

    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, asked, signum.name)


async def _welcome(hub: Hub) -> None:
    """The last line is the address to open."""
    if hub.demo_link is not None:
        print(
            f"A simulated household is at home. This link signs you in, once: {hub.url(hub.demo_link.path)}", flush=True
        )
        return
    if await hub.auth.needs_first_run():
        print(f"First visit from another machine? The code is {hub.auth.first_run_code}", flush=True)
    print(f"Regie is running at {hub.url('/')}", flush=True)
