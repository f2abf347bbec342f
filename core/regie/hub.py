"""The hub: owns every part, and knows the order in which they start and stop."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Literal
from zoneinfo import ZoneInfo

import structlog
from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from regie import control, demo_link
from regie.auth import Auth
from regie.auth.passwords import Passwords
from regie.automation import Automations
from regie.bus import Bus
from regie.config.entries import ConfigEntries
from regie.config.flow import FlowManager
from regie.config.secrets import SecretBox, values_of
from regie.core_services import register_core_services
from regie.data_dir import DataDir
from regie.demo_link import DemoLink
from regie.jobs import JobQueue
from regie.observe.logs import Redactor
from regie.observe.metrics import Metrics
from regie.observe.watchdog import Watchdog
from regie.plugins.commands import PluginCommands
from regie.plugins.discovery import Candidate, discover, host_version
from regie.plugins.faults import Faults
from regie.plugins.manager import PluginManager
from regie.plugins.roles import Roles
from regie.services import ServiceRegistry
from regie.settings import Settings, with_time_zone
from regie.states import EntityRegistry, StateMachine
from regie.storage import Database, Documents, MemoryLiveStore, Storage, migrate
from regie.storage.models import Base
from regie.topics import Topics
from regie.web.app import WebServer
from regie.web.navigation import navigation
from regie.web.rendering import Renderer

HubState = Literal["NOT_RUNNING", "STARTING", "RUNNING", "STOPPING", "FINAL_WRITE"]

TASKS_END_S = 5.0
UNSAFE_STARTS = 3


class Hub:
    """One running core. Several may live in one process, each with a data directory of its own."""

    def __init__(
        self,
        settings: Settings,
        redactor: Redactor | None = None,
        find_plugins: Callable[[], list[Candidate]] = discover,
    ) -> None:
        self.settings = settings
        self._find_plugins = find_plugins
        self.version = host_version()
        self.state: HubState = "NOT_RUNNING"
        self.started_at = time.time()
        self.redactor = redactor or Redactor()
        self.log = structlog.get_logger("regie.hub")
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_open = False
        self.data_dir = DataDir(settings.data_dir)
        self.is_safe_start = settings.safe
        self.faults = Faults(self._crashed)
        report = self.faults.report
        self.bus = Bus(report, self.create_task)
        self.states = StateMachine(self.bus, report)
        self.services = ServiceRegistry(self.bus, report)
        self.topics = Topics(report)
        self.live = MemoryLiveStore(report)
        self.roles = Roles(report)
        self.commands = PluginCommands()
        self.metrics = Metrics()
        self.faults.on_report = self.metrics.fault
        self.watchdog = Watchdog(self._blocked)

    @property
    def time_zone(self) -> ZoneInfo:
        """The house's time zone."""
        return self.settings.zone

    async def start(self) -> None:
        """Bring everything up; raises ConfigError, in one sentence, when it cannot, and leaves nothing open then."""
        self.data_dir.lock()
        self.state = "STARTING"
        try:
            self._open()
            await self._bring_up()
        except BaseException:
            await self.stop()
            raise

    async def _bring_up(self) -> None:
        if self.settings.redis_url:
            self.log.warning("REGIE_REDIS_URL has no effect yet: this version runs one node, without Redis")
        await self.db.start()
        if self.data_dir.was_unclean and (found := await self.db.quick_check()) != "ok":
            self.log.error("the database is damaged", found=found, advice="restore the newest file of backups/")
        await migrate(
            self.db, "core", Storage(Base.metadata, "regie.storage.migrations"), backup_dir=self.data_dir.backups
        )
        await self.entities.load()
        await self.entries.load()
        self.forget_secrets()
        await self.web.start()
        self.data_dir.publish(f"http://{self.web.local_host}:{self.web.port}")
        self.jobs.start()
        # Counted this late, because only plugins can be left out: a port in use is no reason for a safe start.
        self.is_safe_start = self.is_safe_start or self.data_dir.count_start() > UNSAFE_STARTS
        await self.plugins.load_all()
        await self.automations.start()
        self.state = "RUNNING"
        self.data_dir.forget_starts()
        self.watchdog.start()
        await self.plugins.start_all()
        self.bus.fire("regie_started")
        self.bus.fire("homeassistant_started")
        self.log.info(
            "running",
            address=self.web.address,
            version=self.version,
            plugins=sum(one.is_running for one in self.plugins.all()),
        )

    async def stop(self) -> None:
        """Bring everything down, in reverse; each part has a limit of its own and none stops the others."""
        self.log.info("stopping")
        self.state = "STOPPING"
        self.bus.fire("regie_stop")
        if self._is_open:
            await self._close()
        self.data_dir.unlock()
        self.state = "NOT_RUNNING"

    async def _close(self) -> None:
        self.watchdog.stop()
        await self._limited("automations", self.automations.stop(), 5)
        await self._limited("web", self.web.stop(), 5)
        await self._limited("plugins", self.plugins.stop_all(), 15)
        await self._limited("jobs", self.jobs.stop(), 5)
        await self._limited("tasks", self._end_tasks(), TASKS_END_S)
        self.state = "FINAL_WRITE"
        await self._limited("documents", self.documents.flush(), 5)
        await self._limited("client", self.http.close(), 2)
        await self._limited("database", self.db.stop(), 5)
        self._is_open = False

    def passwords(self) -> Passwords:
        """How passwords are hashed: as strongly as the library advises."""
        return Passwords()

    def create_task(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run a coroutine as a task of the hub; its failure is a fault of the core."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def url(self, path: str) -> str:
        """The address of a path as a person should type it."""
        base = (self.settings.url or self.web.address).rstrip("/")
        return f"{base}/{path.lstrip('/')}"

    def forget_secrets(self) -> None:
        """Teach the logs which texts must never be seen."""
        entries = self.entries.all()
        self.redactor.set_known(
            text for entry in entries for text in (*values_of(entry.data), *values_of(entry.options))
        )

    def set_time_zone(self, name: str) -> None:
        """Choose the house's time zone, now and for later starts."""
        self.settings = with_time_zone(self.settings, name)

    def _frame(self, request: web.Request) -> dict[str, Any]:
        return {"navigation": navigation(self.plugins.all(), request.get("user"), request.path, self.faults.report)}

    def _open(self) -> None:
        """Make the parts that need the data directory."""
        self.secrets = SecretBox.open(self.settings.data_dir)
        self.db = Database(self.settings.resolved_database_url)
        self.http = ClientSession(timeout=ClientTimeout(total=30), connector=TCPConnector(limit_per_host=8))
        self.documents = Documents(self.db, self.create_task)
        self.entities = EntityRegistry(self.bus, self.states, self.documents)
        self.jobs = JobQueue(self.db, self.bus, self.faults.report)
        self.auth = Auth(self.db, self.secrets, passwords=self.passwords())
        self.plugins = PluginManager(self, self._find_plugins)
        self.entries = ConfigEntries(self.db, self.secrets, self.bus)
        self.entries.host = self.plugins
        self.flows = FlowManager(self.plugins, self.entries, self.bus, self.faults.report)
        self.automations = Automations(self.bus, self.states, self.services, self.documents)
        self.pages = Renderer(lambda: self.time_zone, frame=self._frame)
        self.web = WebServer(self, self.pages)
        self.web.router.add("POST", control.PATH, control.endpoint(self.auth, self.data_dir.control_token), "public")
        self.demo_link = DemoLink(self) if self.settings.demo else None
        if self.demo_link is not None:
            self.web.router.add("GET", demo_link.PATH, self.demo_link.open, "public")
        register_core_services(self.services, self.bus)
        self._is_open = True
        self.bus.on("config_entry_changed", lambda _event: self.forget_secrets())

    async def _limited(self, part: str, coroutine: Coroutine[Any, Any, None], seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await coroutine
        except Exception as error:  # noqa: BLE001 - the other parts must stop too
            self.faults.report("core", error, f"stop of {part}")

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _task_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.faults.report("core", error, f"task {task.get_name()}")

    def _crashed(self, owner: str) -> None:
        self.plugins.crash(owner)

    def _blocked(self, where: str, late_s: float) -> None:
        self.log.warning("the event loop is blocked", where=where, late_ms=round(late_s * 1000))
