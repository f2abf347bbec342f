"""Database files: MaxMind's published test files, and a flat one made on the spot."""

from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]

DATA = Path(__file__).parents[3].parent / "shared" / "data"


@pytest.fixture(params=["GeoIP2-City-Test.mmdb", "GeoLite2-City-Test.mmdb"])
def city_file(request: pytest.FixtureRequest) -> Path:
    return published(request.param)


def published(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout")
    return path


@pytest.fixture
def flat_file(tmp_path: Path) -> Path:
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="dbip-city ipvAll", languages=["en"])
    lyon = {"country_code": "FR", "state1": "Rhône", "city": "Lyon", "latitude": "45.76", "longitude": 4.83}
    writer.insert_network(IPSet(["8.8.8.0/24"]), lyon)
    writer.insert_network(IPSet(["9.9.9.0/24"]), {"country_code": "None", "city": "", "latitude": "far"})
    writer.insert_network(IPSet(["192.168.0.0/16"]), {"country_code": "AU"})
    writer.insert_network(IPSet(["2606:4700::/32"]), {"country_code": "us"})
    path = tmp_path / "flat.mmdb"
    writer.to_db_file(str(path))
    return path
