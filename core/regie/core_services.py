"""The services of the core itself, for automations above all."""

import structlog
import voluptuous as vol

from regie.bus import Bus
from regie.services import Service, ServiceCall, ServiceRegistry

DOMAIN = "regie"
LEVELS = ("debug", "info", "warning", "error")


def register_core_services(services: ServiceRegistry, bus: Bus) -> None:
    """Offer `regie.log` and `regie.fire_event`."""
    log = structlog.get_logger("regie.log_service")

    def write_log(call: ServiceCall) -> None:
        getattr(log, call.data["level"])(call.data["message"])

    def fire_event(call: ServiceCall) -> None:
        bus.fire(call.data["event_type"], call.data["event_data"], call.context)

    services.register(
        Service(
            domain=DOMAIN,
            name="log",
            handler=write_log,
            schema=vol.Schema(
                {vol.Required("message"): vol.Coerce(str), vol.Optional("level", default="info"): vol.In(LEVELS)}
            ),
            permission="admin",
            description="Write a line into the log.",
            fields={
                "message": {"required": True, "description": "The text", "example": "Alice began to watch"},
                "level": {"description": "How grave it is", "selector": {"select": {"options": list(LEVELS)}}},
            },
        )
    )
    services.register(
        Service(
            domain=DOMAIN,
            name="fire_event",
            handler=fire_event,
            schema=vol.Schema(
                {
                    vol.Required("event_type"): vol.All(str, vol.Length(min=1, max=64)),
                    vol.Optional("event_data", default=dict): {str: object},
                }
            ),
            permission="admin",
            description="Fire an event that automations and clients hear.",
            fields={
                "event_type": {"required": True, "description": "Its type", "example": "film_night"},
                "event_data": {"description": "What it carries", "selector": {"object": None}},
            },
        )
    )
