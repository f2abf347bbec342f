"""Services: named actions with a schema, a permission and perhaps an answer."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import voluptuous as vol

from regie.bus import Bus, EventContext
from regie.bus.bus import OnFault, Undo
from regie.errors import InvalidData, NotFound, RegieError, ServiceError, Unauthorized

Permission = Literal["public", "guest", "user", "admin"]
RANK: Mapping[str, int] = {"public": 0, "guest": 1, "user": 2, "admin": 3}


class Caller(Protocol):
    """The person who calls: a `User` of the panel."""

    @property
    def id(self) -> str:
        """Their id."""

    @property
    def role(self) -> str:
        """guest, user or admin."""


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """One call, its data already validated. `user` is None when the hub itself calls (automations, plugins)."""

    domain: str
    service: str
    data: Mapping[str, Any]
    context: EventContext
    user: Caller | None = None


Handler = Callable[[ServiceCall], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is known of a service. `fields` describes the data for forms: {name: {description, example, required, selector}}."""

    domain: str
    name: str
    handler: Handler
    schema: vol.Schema | None = None
    permission: Permission = "user"
    description: str = ""
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    response: Literal[False, "optional", "only"] = False
    owner: str = "core"

    def as_dict(self) -> dict[str, Any]:
        """The shape that clients read."""
        shape: dict[str, Any] = {
            "name": self.name.replace("_", " ").capitalize(),
            "description": self.description,
            "fields": {key: {"selector": {"text": None}, **value} for key, value in self.fields.items()},
        }
        if self.response:
            shape["response"] = {"optional": self.response == "optional"}
        return shape


class ServiceRegistry:
    """All services of the hub."""

    def __init__(self, bus: Bus, on_fault: OnFault) -> None:
        self._bus = bus
        self._on_fault = on_fault
        self._services: dict[str, dict[str, Service]] = {}

    def all(self) -> dict[str, dict[str, Service]]:
        """Services by domain and name."""
        return {domain: dict(sorted(services.items())) for domain, services in sorted(self._services.items())}

    def find(self, domain: str, name: str) -> Service:
        """A service; raises NotFound."""
        try:
            return self._services[domain.lower()][name.lower()]
        except KeyError:
            raise NotFound(f"There is no service {domain}.{name}") from None

    def register(self, service: Service) -> Undo:
        """Offer a service; what returns withdraws it."""
        services = self._services.setdefault(service.domain, {})
        if service.name in services:
            raise ValueError(f"The service {service.domain}.{service.name} exists already")
        services[service.name] = service
        self._bus.fire("service_registered", {"domain": service.domain, "service": service.name})

        def undo() -> None:
            if self._services.get(service.domain, {}).get(service.name) is service:
                del self._services[service.domain][service.name]
                if not self._services[service.domain]:
                    del self._services[service.domain]
                self._bus.fire("service_removed", {"domain": service.domain, "service": service.name})

        return undo

    async def call(
        self,
        domain: str,
        name: str,
        data: Mapping[str, Any] | None = None,
        *,
        context: EventContext | None = None,
        user: Caller | None = None,
        return_response: bool = False,
    ) -> Mapping[str, Any] | None:
        """Call and wait. Raises NotFound, InvalidData (naming the field), Unauthorized or ServiceError; never anything else."""
        service = self.find(domain, name)
        if user is not None and RANK.get(user.role, 0) < RANK[service.permission]:
            raise Unauthorized(f"{service.domain}.{service.name} is for people with the role {service.permission}")
        _check_response(service, asked=return_response)
        call = ServiceCall(
            service.domain, service.name, _validated(service, data or {}), context or EventContext(), user
        )
        self._bus.fire(
            "call_service",
            {"domain": call.domain, "service": call.service, "service_data": dict(call.data)},
            call.context,
        )
        result = await self._run(service, call)
        return result if return_response else None

    async def _run(self, service: Service, call: ServiceCall) -> Mapping[str, Any] | None:
        try:
            result = service.handler(call)
            if inspect.isawaitable(result):
                result = await result
        except RegieError:
            raise
        except (Exception, SystemExit) as error:
            self._on_fault(service.owner, error, f"service {service.domain}.{service.name}")
            raise ServiceError(f"{service.domain}.{service.name} failed: its plugin's page says why") from error
        return result if isinstance(result, Mapping) else None


def _check_response(service: Service, *, asked: bool) -> None:
    if asked and not service.response:
        raise InvalidData(f"{service.domain}.{service.name} gives no answer, so none can be asked for")
    if not asked and service.response == "only":
        raise InvalidData(f"{service.domain}.{service.name} only answers: ask for its response")


def _validated(service: Service, data: Mapping[str, Any]) -> Mapping[str, Any]:
    if service.schema is None:
        return data
    try:
        return service.schema(dict(data))  # type: ignore[no-any-return]
    except vol.Invalid as error:
        raise InvalidData(f"{service.domain}.{service.name}: {schema_complaint(error)}") from error


def schema_complaint(error: vol.Invalid) -> str:
    """What broke a schema, with the path of the field: `extra keys not allowed at foo.bar`."""
    errors = error.errors if isinstance(error, vol.MultipleInvalid) else [error]
    return "; ".join(
        f"{one.error_message} at {'.'.join(map(str, one.path))}" if one.path else one.error_message for one in errors
    )
