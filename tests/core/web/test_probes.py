from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from regie.errors import ConfigError
from regie.testing.hub import TestHub
from regie.web.security import COOKIE


def broken_read() -> AbstractAsyncContextManager[Any]:
    raise OSError("no database")


async def test_health_is_asked_without_sign_in_and_touches_no_engine(
    hub: TestHub, anyone: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.db, "read", broken_read)
    async with anyone.get("/health", headers={"Authorization": "Bearer x", "Cookie": "regie_session=a.b"}) as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "ok"})


async def test_ready_follows_the_hub(hub: TestHub, anyone: ClientSession) -> None:
    async with anyone.get("/ready") as answer:
        assert answer.status == 200
    hub.state = "STOPPING"
    async with anyone.get("/ready") as answer:
        assert (answer.status, await answer.json()) == (503, {"status": "not ready"})


async def test_ready_follows_the_database(hub: TestHub, anyone: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub.db, "read", broken_read)
    async with anyone.get("/ready") as answer:
        assert answer.status == 503


async def test_figures_are_for_this_machine_and_for_admins(hub: TestHub, anyone: ClientSession) -> None:
    hub.states.set("sensor.door", "open")
    async with anyone.get("/metrics") as answer:
        text = await answer.text()
    assert "regie_states 1.0" in text
    assert 'regie_http_answers_total{status="2xx"}' in text
    elsewhere = {"X-Forwarded-For": "203.0.113.5"}
    async with anyone.get("/metrics", headers=elsewhere) as answer:
        assert answer.status == 401
    for role, status in (("user", 401), ("admin", 200)):
        client = await hub.client(await hub.user(role, role))
        async with client, client.get("/metrics", headers=elsewhere) as answer:
            assert answer.status == status


async def test_a_port_in_use_is_said_in_one_sentence(hub: TestHub, tmp_path: Path) -> None:
    second = TestHub(tmp_path / "second")
    object.__setattr__(second.settings, "port", hub.web.port)
    with pytest.raises(ConfigError, match=f"Port {hub.web.port} on 127.0.0.1 is in use: .* REGIE_PORT"):
        await second.start()
    await second.http.close()
    await second.db.stop()
    second.data_dir.unlock()


async def test_the_address_is_that_by_which_somebody_signed_in_came(
    hub: TestHub, anyone: ClientSession, sign_in: Any
) -> None:
    await sign_in(await hub.user())
    assert hub.web.address == f"http://127.0.0.1:{hub.web.port}"
    async with ClientSession() as stranger, stranger.get(hub.web.address, headers={"Host": "evil.example"}) as answer:
        assert answer.status in (200, 404)
    assert hub.web.address == f"http://127.0.0.1:{hub.web.port}"
    cookie = {"Cookie": f"{COOKIE}={next(iter(anyone.cookie_jar)).value}"}
    async with anyone.get("/api/", headers={"Host": "regie.local:8480", **cookie}) as answer:
        assert answer.status == 200
    assert hub.web.address == "http://regie.local:8480"
