"""Places of addresses: both schemas, and what is never looked up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]

from regie.roles import GeoLocator, Place
from regie_geoip import default_table
from regie_geoip.locator import CACHED, Locator, PlaceFile, UnusableFile

from .conftest import published


@pytest.fixture
def flat(flat_file: Path) -> Iterator[Locator]:
    locator = Locator()
    undo = locator.use(PlaceFile(flat_file))
    yield locator
    undo()


def test_a_city_file_of_maxmind(city_file: Path) -> None:
    locator = Locator()
    undo = locator.use(PlaceFile(city_file))
    assert locator.locate("81.2.69.142") == Place("GB", "England", "London", 51.5142, -0.0931)
    assert locator.locate("89.160.20.112").city == "Linköping"
    assert (locator.locate("2001:218::1").country, locator.locate("67.43.156.1").city) == ("JP", None)
    assert locator.locate("1.1.1.1") == Place()
    assert "MaxMind" in locator.attribution
    undo()


def test_a_country_file_in_the_schema_of_maxmind(tmp_path: Path) -> None:
    writer = MMDBWriter(ip_version=4, database_type="DBIP-Country-Lite", languages=["en"])
    writer.insert_network(IPSet(["8.8.8.0/24"]), {"country": {"iso_code": "US"}})
    writer.insert_network(IPSet(["9.9.9.0/24"]), {"country": {"iso_code": "None"}})
    writer.insert_network(IPSet(["7.7.7.0/24"]), {"registered_country": {"iso_code": "CH"}})
    writer.insert_network(IPSet(["6.6.6.0/24"]), {"country": "in another form"})
    writer.to_db_file(str(tmp_path / "country.mmdb"))
    locator = Locator()
    undo = locator.use(PlaceFile(tmp_path / "country.mmdb"))
    asked = ("8.8.8.8", "9.9.9.9", "7.7.7.7", "6.6.6.6", "5.5.5.5", "2606:4700::1111")
    assert [locator.locate(one).country for one in asked] == ["US", None, "CH", None, None, None]
    assert "db-ip.com" in locator.attribution
    undo()


def test_a_flat_file(flat: Locator) -> None:
    assert flat.locate("8.8.8.8") == Place("FR", "Rhône", "Lyon", 45.76, 4.83)
    assert flat.locate("2606:4700::1111").country == "US"
    assert flat.locate("9.9.9.9") == Place()
    assert "db-ip.com" in flat.attribution
    assert isinstance(flat, GeoLocator)


@pytest.mark.parametrize(
    "address",
    [
        "192.168.1.10",
        "127.0.0.1",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.1.1",
        "203.0.113.7",
        "::1",
        "fd00::1",
        "fe80::1%eth0",
    ],
)
def test_what_is_not_public_is_local_whatever_a_table_says(flat: Locator, address: str) -> None:
    assert flat.locate(address) == Place(local=True)


@pytest.mark.parametrize("written", ["::ffff:8.8.8.8", "8.8.8.8%eth0"])
def test_wrapped_addresses_are_unwrapped(flat: Locator, written: str) -> None:
    assert flat.locate(written).city == "Lyon"


def test_a_newer_file_is_asked_first_and_the_older_one_still_knows(flat: Locator) -> None:
    undo = flat.use(PlaceFile(published("GeoLite2-City-Test.mmdb")))
    assert (flat.locate("81.2.69.142").city, flat.locate("8.8.8.8").city) == ("London", "Lyon")
    assert "MaxMind" in flat.attribution
    assert "DB-IP" in flat.attribution
    undo()
    assert flat.locate("81.2.69.142") == Place()


def test_nothing_is_known_without_files() -> None:
    locator = Locator()
    assert (locator.locate("8.8.8.8"), locator.locate("10.0.0.1"), locator.attribution) == (
        Place(),
        Place(local=True),
        "",
    )


@given(st.text() | st.ip_addresses().map(str))
def test_it_never_raises(address: str) -> None:
    assert isinstance(Locator().locate(address), Place)


def test_its_memory_is_bounded() -> None:
    locator = Locator()
    for number in range(CACHED + 5):
        assert locator.locate(f"10.0.{number // 256}.{number % 256}").local
    assert len(locator._known) == CACHED


def test_a_file_that_is_no_database_says_why(tmp_path: Path) -> None:
    text = tmp_path / "notes.mmdb"
    text.write_text("not a database")
    for path, key in ((text, "not_mmdb"), (tmp_path / "none.mmdb", "not_found"), (tmp_path, "not_mmdb")):
        with pytest.raises(UnusableFile) as unusable:
            PlaceFile(path)
        assert unusable.value.key == key
    with pytest.raises(UnusableFile) as unusable:
        PlaceFile(published("GeoLite2-ASN-Test.mmdb"))
    assert unusable.value.key == "no_places"


def test_the_built_country_table_places_the_demo_household() -> None:
    table = default_table()
    if table is None:
        pytest.skip("the panel's assets are not built")
    file = PlaceFile(table)
    locator = Locator()
    undo = locator.use(file)
    found = [locator.locate(one).country for one in ("81.2.69.142", "89.160.20.112", "216.160.83.56", "78.192.0.10")]
    undo()
    assert found == ["GB", "SE", "US", "FR"]
