"""Finds the place of an address in database files, without leaving the machine."""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import maxminddb

from regie.roles import Place

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
            self._reader = maxminddb.open_database(path)
        except FileNotFoundError as error:
            raise UnusableFile("not_found", f"There is no file {path}.") from error
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            raise UnusableFile("not_mmdb", f"{path} is no MaxMind database: {error}") from error
        self.kind = self._reader.metadata().database_type
        self._has_ipv6 = self._reader.metadata().ip_version == 6
        if "asn" in self.kind.lower() or "isp" in self.kind.lower():
            self._reader.close()
            raise UnusableFile("no_places", f"{path} is a table of networks ({self.kind}), not of places.")
        self.attribution = ATTRIBUTIONS["maxmind" if self.kind.startswith(("GeoIP2", "GeoLite2")) else "dbip"]

    def find(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Place:
        """The place of an address; an empty one when the file does not know it."""
        if address.version == 6 and not self._has_ipv6:
            return NOWHERE
        record = self._reader.get(address)
        if not isinstance(record, Mapping):
            return NOWHERE
        return _flat(record) if "country_code" in record else _nested(record)

    def close(self) -> None:
        """Close the file."""
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


def _flat(record: Mapping[str, Any]) -> Place:
    return Place(
        country=_country(record.get("country_code")),
        region=_text(record.get("state1")),
        city=_text(record.get("city")),
        latitude=_number(record.get("latitude")),
        longitude=_number(record.get("longitude")),
    )


def _nested(record: Mapping[str, Any]) -> Place:
    country = _part(record, "country") or _part(record, "registered_country")
    subdivisions = record.get("subdivisions")
    first = subdivisions[0] if isinstance(subdivisions, list) and subdivisions else {}
    location = _part(record, "location")
    return Place(
        country=_country(country.get("iso_code")),
        region=_text(_part(first, "names").get("en")),
        city=_text(_part(_part(record, "city"), "names").get("en")),
        latitude=_number(location.get("latitude")),
        longitude=_number(location.get("longitude")),
    )


def _part(record: Any, name: str) -> Mapping[str, Any]:
    part = record.get(name) if isinstance(record, Mapping) else None
    return part if isinstance(part, Mapping) else {}


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
