"""A hub for tests: everything real, on a free loopback port, with plugins given by class."""

from dataclasses import replace
from pathlib import Path

from aiohttp import ClientSession
from argon2 import PasswordHasher

from regie.auth.passwords import Passwords
from regie.auth.users import User
from regie.errors import RegieError
from regie.hub import Hub
from regie.plugins.discovery import Candidate, host_version
from regie.plugins.manifest import Plugin
from regie.plugins.record import PluginRecord
from regie.settings import Settings

PASSWORD = "a password for tests"  # noqa: S105 - opens nothing but a test's own hub


class TestHub(Hub):
    """A hub whose installed plugins are those that the test loads."""

    __test__ = False

    def __init__(self, data_dir: Path, database_url: str = "") -> None:
        settings = Settings(data_dir=data_dir, port=0, database_url=database_url, time_zone="Europe/Paris")
        self._candidates: dict[str, Candidate] = {}
        super().__init__(settings, find_plugins=lambda: list(self._candidates.values()))

    def passwords(self) -> Passwords:
        """Cheap ones: hundreds are made in a run, and none is worth guessing."""
        return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))

    async def load_plugin(self, slug: str, plugin: type[Plugin]) -> PluginRecord:
        """Load a plugin as if it had just been installed; raises RegieError with its reason when it does not run."""
        candidate = Candidate(
            slug=slug,
            kind=plugin.kind,
            distribution=f"regie-{slug.replace('_', '-')}",
            version=host_version(),
            summary=(plugin.__doc__ or "").strip(),
            target=f"{plugin.__module__}:{plugin.__name__}",
            is_bundled=False,
            load=lambda: plugin,
        )
        self._candidates[slug] = candidate
        await self.plugins.rescan()
        record = self.plugins.get(slug)
        if not record.is_running:
            raise RegieError(f"{slug} is {record.state}: {record.reason}")
        return record

    async def unload_plugin(self, slug: str) -> None:
        """Unload a plugin as if it had just been uninstalled; its modules stay."""
        candidate = self._candidates.pop(slug)
        # The modules are the test's own: forgetting them would make a second copy of the class under test.
        self.plugins.get(slug).candidate = replace(candidate, target="")
        await self.plugins.rescan()

    async def user(self, name: str = "Ada", role: str = "admin") -> User:
        """Somebody with an account, whose password is `PASSWORD`."""
        return await self.auth.create_user(name, PASSWORD, role)

    async def client(self, user: User | None = None) -> ClientSession:
        """A client that speaks as a person, by access token; close it."""
        token = await self.auth.create_token(user or await self.user(), "tests")
        base = f"http://127.0.0.1:{self.web.port}"
        return ClientSession(base_url=base, headers={"Authorization": f"Bearer {token}"})
