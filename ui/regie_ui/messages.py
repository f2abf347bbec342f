"""Texts that Python chooses: written in English, translated by the catalogue when they are shown."""

from collections.abc import Mapping


def msgid(text: str) -> str:
    """Marks a text for the catalogue; it is translated later."""
    return text


FLOW_TEXTS: Mapping[str, str] = {
    "error.unknown": msgid("Something went wrong; the plugin's page lists the fault."),
    "error.cannot_connect": msgid("Nothing answers at this address."),
    "error.invalid_auth": msgid("These credentials were refused."),
    "error.required": msgid("This is needed."),
    "abort.unknown": msgid("Something went wrong; the plugin's page lists the fault."),
    "abort.already_configured": msgid("This is set up already."),
    "abort.reauth_successful": msgid("Signed in again. Everything is connected."),
    "abort.reconfigure_successful": msgid("Saved, and connected anew."),
}
"""What the frame says when a flow brings no text of its own."""
