"""What a loaded entry consists of."""

from dataclasses import dataclass, field

from .entities import ServerEntities
from .inbox import WebhookInbox
from .server import JellyfinServer


@dataclass(frozen=True, slots=True)
class Running:
    """One configured server, while its entry is loaded."""

    server: JellyfinServer
    entities: ServerEntities
    inbox: WebhookInbox
    webhook_secret: str = field(repr=False)
    webhook_url: str = field(repr=False)
