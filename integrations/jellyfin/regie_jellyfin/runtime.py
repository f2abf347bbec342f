"""What a loaded entry consists of."""

from dataclasses import dataclass

from .entities import ServerEntities
from .inbox import WebhookInbox
from .server import JellyfinServer


@dataclass(frozen=True, slots=True)
class Running:
    """One configured server, while its entry is loaded."""

    server: JellyfinServer
    entities: ServerEntities
    inbox: WebhookInbox
    webhook_secret: str
    webhook_url: str
