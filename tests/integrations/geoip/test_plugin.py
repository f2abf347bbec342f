"""The GeoIP plugin in a running hub."""

from pathlib import Path

import pytest

import regie_geoip
from regie.roles import GeoLocator
from regie.testing.hub import TestHub
from regie_geoip import GeoIP


@pytest.fixture
async def house(hub: TestHub, monkeypatch: pytest.MonkeyPatch) -> TestHub:
    monkeypatch.setattr(regie_geoip, "default_table", lambda: None)
    await hub.load_plugin("geoip", GeoIP)
    return hub


async def test_a_file_by_path_gives_cities_until_it_is_removed(house: TestHub, flat_file: Path) -> None:
    (locator,) = house.roles.all(GeoLocator)
    flow = await house.flows.start("geoip")
    result = await house.flows.advance(flow.flow_id, {"path": str(flat_file)})
    assert result.entry
    assert (result.entry.state, result.entry.title) == ("loaded", "flat.mmdb")
    assert locator.locate("8.8.8.8").city == "Lyon"
    await house.entries.remove(result.entry.id)
    assert locator.locate("8.8.8.8").city is None


async def test_a_wrong_path_shows_at_its_field(house: TestHub, tmp_path: Path) -> None:
    flow = await house.flows.start("geoip")
    result = await house.flows.advance(flow.flow_id, {"path": str(tmp_path / "none.mmdb")})
    assert (result.type, result.errors) == ("form", {"path": "not_found"})
    assert GeoIP().config_flow().texts["error.not_found"]


async def test_a_file_that_went_away_needs_a_person(house: TestHub, flat_file: Path) -> None:
    flow = await house.flows.start("geoip")
    result = await house.flows.advance(flow.flow_id, {"path": str(flat_file)})
    assert result.entry
    flat_file.unlink()
    entry = await house.entries.reload(result.entry.id)
    assert (entry.state, "no file" in entry.reason) == ("setup_error", True)
    assert house.roles.all(GeoLocator)


async def test_the_table_of_the_panel_is_used(hub: TestHub, flat_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regie_geoip, "default_table", lambda: flat_file)
    await hub.load_plugin("geoip", GeoIP)
    (locator,) = hub.roles.all(GeoLocator)
    assert locator.locate("8.8.8.8").country == "FR"
    await hub.unload_plugin("geoip")
    assert hub.roles.all(GeoLocator) == []
