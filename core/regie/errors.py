"""The errors that cross a boundary of Regie.

RegieError
├── NotReady            the outside is not there yet: tried again with back-off
├── AuthFailed          the outside refuses our credentials: the entry waits for a new sign-in
├── ConfigError         settings or data of an entry cannot work: waits for a person
├── ServiceError        a service could not do what was asked; the text is for people
│   └── InvalidData     data of a call broke its schema; names the field
├── NotFound            no such thing
├── Unauthorized        known, but not allowed
└── StorageFull         the disk is full: reads go on, writes wait for room
"""


class RegieError(Exception):
    """Any error whose text is meant for people."""


class NotReady(RegieError):
    """The outside is not there yet; the hub tries again with back-off."""


class AuthFailed(RegieError):
    """The outside refuses our credentials; the entry waits for a new sign-in."""


class ConfigError(RegieError):
    """Settings cannot work as they are; a person must change them."""


class ServiceError(RegieError):
    """A service could not do what was asked."""


class InvalidData(ServiceError):
    """Data of a call broke its schema."""


class NotFound(RegieError):
    """No such thing."""


class Unauthorized(RegieError):
    """Known, but not allowed."""


class StorageFull(RegieError):
    """The disk is full."""
