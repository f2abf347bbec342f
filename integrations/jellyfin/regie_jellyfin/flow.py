"""The set-up of a server: an address, and a key or a person's password; later its repair."""

import re
import secrets
from typing import Any, ClassVar

import voluptuous as vol

from regie.api import ConfigFlow, FlowResult, Secret, selector

from .client import Address, JellyfinClient, ServerInfo
from .errors import (
    CannotConnect,
    NotAdministrator,
    NotJellyfin,
    Redirected,
    TimedOut,
    TooOld,
    Untrusted,
    WrongCredentials,
)

Fields = dict[str, Any]
WEB_CLIENT = re.compile(r"/web(/.*)?$")
ERRORS: tuple[tuple[type[Exception], str], ...] = (
    # Most special first: each names the key of a text.
    (TimedOut, "timeout"),
    (Untrusted, "certificate"),
    (Redirected, "redirected"),
    (NotJellyfin, "not_jellyfin"),
    (CannotConnect, "cannot_connect"),
    (TooOld, "too_old"),
)

ADDRESS = {
    vol.Required("url"): selector.Url(),
    vol.Optional("verify_tls", default=True): selector.Boolean(),
}
KEY = {vol.Required("api_key"): selector.Password()}
PERSON = {vol.Required("username"): selector.Text(), vol.Required("password"): selector.Password()}


class Refused(Exception):
    """What was typed does not work: errors by field, and the reason in the client's words."""

    def __init__(self, errors: dict[str, str], reason: str) -> None:
        super().__init__(reason)
        self.errors = errors
        self.reason = reason


class JellyfinFlow(ConfigFlow):
    """Makes and repairs entries."""

    texts: ClassVar[dict[str, str]] = {
        "step.user.title": "How shall Regie sign in to Jellyfin?",
        "step.user.description": "An API key is best: it belongs to no person. Make one in Jellyfin's dashboard under API keys.",
        "step.api_key.title": "Jellyfin server",
        "step.api_key.description": "Enter the address as you type it in a browser, and an API key.",
        "step.password.title": "Jellyfin server",
        "step.password.description": "Enter the address and an administrator's name and password. The password is not kept.",
        "step.reauth.title": "Sign in to Jellyfin again",
        "step.reauth.description": "The server refuses what Regie signed in with. Enter a new API key.",
        "step.reauth_password.title": "Sign in to Jellyfin again",
        "step.reauth_password.description": "The server refuses what Regie signed in with. Enter the name and password again.",
        "step.reconfigure.title": "The server's address",
        "menu.api_key": "With an API key",
        "menu.password": "With user and password",
        "field.url": "Address",
        "field.verify_tls": "Check the server's certificate",
        "field.api_key": "API key",
        "field.username": "User",
        "field.password": "Password",
        "help.url": "For example http://192.168.1.10:8096",
        "help.verify_tls": "Switch this off only for a self-signed certificate in your own network.",
        "error.cannot_connect": "Nothing answers at this address. Is the server running, and can this machine reach it?",
        "error.timeout": "The server did not answer in time.",
        "error.certificate": "The server's certificate is not trusted. In your own network you may switch the check off.",
        "error.not_jellyfin": "What answers there is not a Jellyfin server. Check the port and the path.",
        "error.redirected": "The server redirects to another address. Enter that one: {reason}",
        "error.too_old": "This server is too old. Please update Jellyfin to 10.9 or later.",
        "error.invalid_key": "The server refuses this key.",
        "error.invalid_password": "The server refuses this name or password.",
        "error.not_admin": "An administrator is needed: others see only their own streams.",
        "error.other_server": "Another server answers there. Add it as a new one instead.",
        "abort.already_configured": "This server is already set up.",
        "abort.reauth_successful": "Signed in again.",
        "abort.reconfigure_successful": "The address was changed.",
    }

    async def step_user(self, _: Fields | None) -> FlowResult:
        """Choose how to sign in."""
        return self.menu("user", {"api_key": "With an API key", "password": "With user and password"})

    async def step_api_key(self, data: Fields | None) -> FlowResult:
        """Address and API key."""
        return await self._step("api_key", {**ADDRESS, **KEY}, data)

    async def step_password(self, data: Fields | None) -> FlowResult:
        """Address, name and password."""
        return await self._step("password", {**ADDRESS, **PERSON}, data)

    async def step_reauth(self, data: Fields | None) -> FlowResult:
        """A new key, or for an entry with a person their password."""
        if self._entry_data.get("username"):
            return await self.step_reauth_password(None)
        return await self._step("reauth", KEY, data)

    async def step_reauth_password(self, data: Fields | None) -> FlowResult:
        """A name and a password again."""
        return await self._step("reauth_password", PERSON, data)

    async def step_reconfigure(self, data: Fields | None) -> FlowResult:
        """The server has moved."""
        return await self._step("reconfigure", ADDRESS, data)

    @property
    def _entry_data(self) -> Fields:
        return dict(self.entry.data) if self.entry else {}

    async def _step(self, step: str, schema: dict[Any, Any], typed: Fields | None) -> FlowResult:
        known = self._entry_data
        if typed is None:
            return self.form(step, vol.Schema(schema), suggested=_shown(known))
        try:
            info, data = await self._checked({**known, **typed})
        except Refused as refused:
            return self.form(
                step,
                vol.Schema(schema),
                errors={field if field in _names(schema) else "base": key for field, key in refused.errors.items()},
                suggested=_shown(typed),
                placeholders={"reason": refused.reason},
            )
        if self.entry:
            return self.update(data=data)
        return self.create(title=info.name, data=data, unique_id=info.id)

    async def _checked(self, typed: Fields) -> tuple[ServerInfo, Fields]:
        """The server and the entry's data, or Refused."""
        data = {
            "url": WEB_CLIENT.sub("", typed["url"]),
            "verify_tls": typed.get("verify_tls", True),
            "device_id": typed.get("device_id") or f"regie-{secrets.token_hex(8)}",
        }
        if secret := typed.get("webhook_secret"):
            data["webhook_secret"] = secret
        try:
            if password := typed.get("password"):
                data["username"] = typed["username"]
                data["token"] = await self._sign_in(data, password)
            else:
                data["token"] = typed.get("api_key") or typed["token"]
            info = await self._ask(data)
        except WrongCredentials as error:
            raise Refused(_credentials_error(error, by_name="password" in typed), str(error)) from error
        except tuple(kind for kind, _ in ERRORS) as error:
            key = next(key for kind, key in ERRORS if isinstance(error, kind))
            raise Refused({"verify_tls" if key == "certificate" else "url": key}, str(error)) from error
        if self.entry and self.entry.unique_id not in {None, info.id}:
            raise Refused({"url": "other_server"}, info.name)
        return info, data

    async def _sign_in(self, data: Fields, password: Secret) -> Secret:
        client = self._client(data)
        try:
            await client.public_info()
            return Secret(await client.sign_in(data["username"], password.reveal()))
        finally:
            await client.close()

    async def _ask(self, data: Fields) -> ServerInfo:
        client = self._client(data)
        try:
            return await client.check_token()
        finally:
            await client.close()

    def _client(self, data: Fields) -> JellyfinClient:
        return JellyfinClient(address_of(data, self.ctx.hub_version))


def address_of(data: Any, client_version: str) -> Address:
    """Where an entry's server is, and who we are to it."""
    token = data.get("token")
    return Address(
        data["url"],
        token.reveal() if isinstance(token, Secret) else token or "",
        device_id=data["device_id"],
        verify_tls=data.get("verify_tls", True),
        client_version=client_version,
    )


def _credentials_error(error: WrongCredentials, *, by_name: bool) -> dict[str, str]:
    if isinstance(error, NotAdministrator):
        return {"username" if by_name else "api_key": "not_admin"}
    return {"password": "invalid_password"} if by_name else {"api_key": "invalid_key"}


def _names(schema: dict[Any, Any]) -> set[str]:
    return {str(key) for key in schema}


def _shown(typed: Fields) -> Fields:
    """What a form may show again: nothing secret."""
    return {key: value for key, value in typed.items() if not isinstance(value, Secret)}
