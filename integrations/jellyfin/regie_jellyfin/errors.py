"""What can go wrong with a Jellyfin server.

NotReady
├── CannotConnect       nothing answers
│   ├── TimedOut        something is there, but too slow
│   ├── Untrusted       its certificate is not one that we trust
│   ├── NotJellyfin     something else answers: a web page, another program, a proxy's error
│   └── Redirected      a proxy sends us elsewhere: the address must be that one
└── UpgradeRefused      no websocket, though calls may work
AuthFailed
└── WrongCredentials    key, token, name or password is refused
    └── NotAdministrator    they are right, but not an administrator's
ConfigError
└── TooOld              the server is older than we can work with
"""

from regie.api import AuthFailed, ConfigError, NotReady


class CannotConnect(NotReady):
    """Nothing answers."""


class TimedOut(CannotConnect):
    """Something is there, but answers too slowly."""


class Untrusted(CannotConnect):
    """The server's certificate is not one that we trust."""


class NotJellyfin(CannotConnect):
    """What answers is no Jellyfin server."""


class Redirected(CannotConnect):
    """We are sent to another address."""


class WrongCredentials(AuthFailed):
    """The server refuses the key, token, name or password."""


class NotAdministrator(WrongCredentials):
    """The credentials are right, but not an administrator's."""


class TooOld(ConfigError):
    """The server's version is one that we cannot work with."""


class UpgradeRefused(NotReady):
    """The websocket is refused, by the server or a proxy before it; `status` says how."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The websocket is refused with status {status}.")
        self.status = status
