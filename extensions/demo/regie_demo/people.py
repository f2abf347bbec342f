"""Who lives in the demo household, and on what they watch."""

from dataclasses import dataclass

from .catalogue import guid


@dataclass(frozen=True, slots=True)
class Player:
    """A player application on a device of a person."""

    client: str
    device: str
    device_id: str
    app_version: str
    address: str
    plays_4k: bool = False
    """Shows 4K with high dynamic range as it is; other players make the server transcode."""
    can_be_controlled: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """One account of the household, and how they live."""

    name: str
    players: tuple[Player, ...]
    plays_a_day: float
    taste: tuple[float, float, float]
    """How much they like films, episodes and music, relative to one another."""
    evening: int
    """The hour around which they watch most."""
    is_admin: bool = False

    @property
    def id(self) -> str:
        """The account's id."""
        return guid("user", self.name)


# Addresses: MaxMind's published test networks where one fits, else the first hosts of large access providers.
HOME = "192.168.1."
PEOPLE = (
    Person(
        "Alice",
        (
            Player(
                "Jellyfin for WebOS", "LG Smart TV", guid("device", "alice-tv"), "3.0.2", f"{HOME}20", plays_4k=True
            ),
            Player("Jellyfin Web", "Firefox", guid("device", "alice-web"), "10.11.11", f"{HOME}31"),
        ),
        2.6,
        (5, 4, 1),
        21,
        is_admin=True,
    ),
    Person(
        "Bruno",
        (
            Player("Jellyfin for Android", "Pixel 9", guid("device", "bruno-phone"), "2.6.3", "89.160.20.112"),
            Player(
                "Jellyfin for Android TV", "SHIELD", guid("device", "bruno-tv"), "0.19.4", f"{HOME}24", plays_4k=True
            ),
        ),
        2.1,
        (2, 6, 2),
        20,
    ),
    Person(
        "Chloé",
        (
            Player("Swiftfin iPadOS", "iPad de Chloé", "tvOS_" + guid("device", "chloe-ipad"), "1.3", "78.192.0.10"),
            Player(
                "Finamp",
                "iPhone de Chloé",
                guid("device", "chloe-phone"),
                "0.9.20",
                "78.192.0.10",
                can_be_controlled=False,
            ),
        ),
        3.4,
        (1, 3, 6),
        18,
    ),
    Person(
        "Dev",
        (
            Player(
                "Jellyfin MPV Shim", "workbench", guid("device", "dev-mpv"), "2.9.0", "216.160.83.56", plays_4k=True
            ),
            Player("Jellyfin Web", "Chrome", guid("device", "dev-web"), "10.11.11", "216.160.83.56"),
        ),
        1.7,
        (3, 5, 1),
        23,
    ),
    Person(
        "Edda",
        (
            Player(
                "Infuse",
                "Apple TV",
                guid("device", "edda-atv"),
                "8.2.1",
                "2a02:cf40::1",
                plays_4k=True,
                can_be_controlled=False,
            ),
        ),
        1.2,
        (6, 2, 0),
        21,
    ),
    Person(
        "Farid",
        (
            Player("Kodi", "living room", guid("device", "farid-kodi"), "21.2", "81.2.69.142", plays_4k=True),
            Player("Jellyfin Roku", "Bedroom (Streaming Stick)", guid("device", "farid-roku"), "3.1.0", "81.2.69.142"),
        ),
        1.5,
        (3, 4, 1),
        22,
    ),
    Person(
        "Greta",
        (Player("Jellyfin for Tizen", "Samsung Smart TV", guid("device", "greta-tv"), "1.0", "91.0.0.20"),),
        1.1,
        (2, 5, 0),
        19,
    ),
)
