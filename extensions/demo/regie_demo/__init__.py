"""A living house without a server at hand: a stub Jellyfin server with simulated viewers, and months of past plays."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from regie.api import Extension, Manifest, NotFound, PluginContext, Secret, hookimpl

from .history import SOURCE, generate
from .household import Household
from .jellyfin import ServerState, StubServer, real_clock
from .people import PEOPLE

SEED = 8
PAST_DAYS = 240
BATCH = 50
"""Plays made and handed over at once: a few milliseconds of the loop."""

T = TypeVar("T")


class Demo(Extension):
    """The demo: does nothing unless the hub was started with `--demo`."""

    manifest = Manifest(name="Demo", icon="film", after=("jellyfin", "jellyfin_monitor"))

    def __init__(self) -> None:
        self._server: StubServer | None = None

    @hookimpl
    async def setup(self, ctx: PluginContext) -> None:
        """Start the stub server and let its household live."""
        if not ctx.is_demo:
            return
        state = ServerState(real_clock, people=PEOPLE)
        household = Household(state, SEED)
        self._server = server = StubServer(state)
        await server.start()
        ctx.on_unload(server.stop)
        ctx.supervise("household", lambda: server.run(household.step))

    @hookimpl
    async def start(self, ctx: PluginContext) -> None:
        """Connect the hub to it by the ordinary integration, and hand over the past."""
        if self._server is None:
            return
        state = self._server.state
        await ctx.ensure_entry(
            "jellyfin",
            unique_id=state.id,
            title=state.name,
            data={"url": self._server.url, "token": Secret(state.issue_key("Regie")), "device_id": "regie-demo"},
        )
        ctx.create_task(_import_past(ctx, state), name="past plays")


async def _import_past(ctx: PluginContext, state: ServerState) -> None:
    """The monitor skips what it has, so an import that was cut off is simply done again."""
    if await ctx.store.load("past"):
        return
    now = real_clock().astimezone(ctx.time_zone)
    server = {"server_id": state.id, "server_name": state.name, "source": SOURCE}
    try:
        for plays in _batches(generate(SEED, PAST_DAYS, now), BATCH):
            await ctx.services.call("jellyfin_monitor", "import_plays", {**server, "plays": plays})
    except NotFound:
        ctx.log.info("The Jellyfin monitor is not there, so there is no past to show")
        return
    await ctx.store.save("past", {"until": now.isoformat()})
    ctx.log.info("The monitor has the household's past", days=PAST_DAYS)


def _batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
