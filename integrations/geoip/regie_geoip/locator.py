"""Finds the place of an address in database files, without leaving the machine."""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geoip2.database
import maxminddb
from geoip2.errors import AddressNotFoundError
from geoip2.models import City

from regie.roles import Place

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NOWHERE = Place()
LOCAL = Place(local=True)
CACHED = 4096
ATTRIBUTIONS = {
    "maxmind": "Places by GeoLite2 data of MaxMind, maxmind.com",
    "dbip": "IP geolocation by DB-IP, db-ip.com",
}


class UnusableFile(ValueError):
    """A file that is no database of places; `key` names the text for people."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


class PlaceFile:
    """One `.mmdb` file, in MaxMind's schema (GeoIP2, GeoLite2) or in the flat one of the DB-IP builds."""

    def __init__(self, path: Path) -> None:
        try:
            with maxminddb.open_database(path) as file:
                self.kind = file.metadata().database_type
            if "asn" in self.kind.lower() or "isp" in self.kind.lower():
                raise UnusableFile("no_places", f"{path} is a table of networks ({self.kind}), not of places.")
            self._reader = (_NestedReader if _kind_of(self.kind) else _FlatReader)(path)
        except FileNotFoundError as error:
            raise UnusableFile("not_found", f"There is no file {path}.") from error
        except UnusableFile:
            raise
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            raise UnusableFile("not_mmdb", f"{path} is no MaxMind database: {error}") from error
        self.attribution = ATTRIBUTIONS["maxmind" if self.kind.startswith(("GeoIP2", "GeoLite2")) else "dbip"]

    def find(self, address: Address) -> Place:
        """The place of an address; an empty one when the file does not know it, or is broken there."""
        try:
            return self._reader.find(address)
        except (AddressNotFoundError, maxminddb.InvalidDatabaseError, AttributeError, TypeError, ValueError):
            # The last: an IPv6 address in a file of IPv4. The two before: a record of another form than its kind.
            return NOWHERE

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


class _NestedReader:
    """MaxMind's own schema; `geoip2` opens no other."""

    def __init__(self, path: Path) -> None:
        self._reader = geoip2.database.Reader(path)
        self._kind = _kind_of(self._reader.metadata().database_type)

    def find(self, address: Address) -> Place:
        ask = {"City": self._reader.city, "Enterprise": self._reader.enterprise}.get(self._kind, self._reader.country)
        model = ask(address)
        place = Place(country=_country(model.country.iso_code or model.registered_country.iso_code))
        return _with_city(place, model) if isinstance(model, City) else place

    def close(self) -> None:
        self._reader.close()


class _FlatReader:
    """The schema of the DB-IP builds, which `geoip2` refuses."""

    def __init__(self, path: Path) -> None:
        self._reader = maxminddb.open_database(path)

    def find(self, address: Address) -> Place:
        record = self._reader.get(address)
        return _flat(record) if isinstance(record, Mapping) else NOWHERE

    def close(self) -> None:
        self._reader.close()


class Locator:
    """All files in use, the one with most detail first, in the role of `GeoLocator`."""

    def __init__(self) -> None:
        self.attribution = ""
        self._files: list[PlaceFile] = []
        self._known: dict[str, Place] = {}

    def use(self, file: PlaceFile) -> Callable[[], None]:
        """Ask a file before those already there; what returns closes it."""
        self._change([file, *self._files])

        def undo() -> None:
            self._change([one for one in self._files if one is not file])
            file.close()

        return undo

    def locate(self, address: str) -> Place:
        """The place of an address; an empty one when unknown. Never raises."""
        place = self._known.get(address)
        if place is None:
            place = self._look_up(address)
            if len(self._known) >= CACHED:
                self._known.pop(next(iter(self._known)))
            self._known[address] = place
        return place

    def _look_up(self, text: str) -> Place:
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return NOWHERE
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        address = mapped or address
        # Some tables place private addresses somewhere: whether one is public is decided before any lookup.
        if not address.is_global:
            return LOCAL
        found = (file.find(address) for file in self._files)
        return next((place for place in found if place.country), NOWHERE)

    def _change(self, files: Sequence[PlaceFile]) -> None:
        self._files = list(files)
        self._known = {}
        self.attribution = " · ".join(dict.fromkeys(file.attribution for file in files))


def _kind_of(database_type: str) -> str:
    """Which of MaxMind's kinds a file is; empty when it is none."""
    return next((kind for kind in ("City", "Enterprise", "Country") if kind in database_type), "")


def _flat(record: Mapping[str, Any]) -> Place:
    return Place(
        country=_country(record.get("country_code")),
        region=_text(record.get("state1")),
        city=_text(record.get("city")),
        latitude=_number(record.get("latitude")),
        longitude=_number(record.get("longitude")),
    )


def _with_city(place: Place, model: City) -> Place:
    return replace(
        place,
        region=_text(model.subdivisions[0].name) if model.subdivisions else None,
        city=_text(model.city.name),
        latitude=_number(model.location.latitude),
        longitude=_number(model.location.longitude),
    )


def _country(value: Any) -> str | None:
    """Two letters; one public table says `None` in words."""
    return value.upper() if isinstance(value, str) and len(value) == 2 and value.isalpha() else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    """Tables give coordinates as numbers or as text."""
    try:
        return float(value) if value not in (None, "") else None
    except (TypeError, ValueError):
        return None
