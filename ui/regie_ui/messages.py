"""Texts that Python chooses: written in English, translated by the catalogue when they are shown."""

from collections.abc import Mapping


def msgid(text: str) -> str:
    """Marks a text for the catalogue; it is translated later, by the `translate` filter."""
    return text


SAID: Mapping[str, tuple[str, str]] = {
    "entry_created": ("good", msgid("Added. It is being set up.")),
    "entry_updated": ("good", msgid("Saved, and connected anew.")),
    "entry_removed": ("good", msgid("Removed.")),
    "entry_reloaded": ("good", msgid("Reloaded.")),
    "entry_disabled": ("info", msgid("Disabled. It stays here until you enable it or remove it.")),
    "entry_enabled": ("good", msgid("Enabled.")),
    "plugin_enabled": ("good", msgid("Enabled.")),
    "plugin_disabled": ("info", msgid("Disabled. Its data stays.")),
    "plugin_reloaded": ("good", msgid("Reloaded.")),
    "plugin_uninstalled": ("good", msgid("Uninstalled. Its data stays, in case it comes back.")),
    "rescan_changed": ("good", msgid("Looked again: the list has changed.")),
    "rescan_same": ("info", msgid("Looked again: nothing has changed.")),
    "automation_saved": ("good", msgid("Saved.")),
    "automation_removed": ("good", msgid("Removed.")),
    "automation_ran": ("good", msgid("It ran: the newest trace shows what it did.")),
    "automation_enabled": ("good", msgid("Enabled.")),
    "automation_disabled": ("info", msgid("Disabled. It no longer reacts.")),
    "token_revoked": ("good", msgid("Revoked. Whoever used it is cut off.")),
    "session_ended": ("good", msgid("Signed out there.")),
    "preferences_saved": ("good", msgid("Saved.")),
    "password_changed": ("good", msgid("Password changed. Sign in with the new one.")),
}
"""What a page says at its top after an act, by the key in its address: (tone, text)."""

ENTRY_STATES: Mapping[str, tuple[str, str]] = {
    "loaded": ("good", msgid("Connected")),
    "setup_in_progress": ("info", msgid("Connecting")),
    "setup_retry": ("warn", msgid("Trying again")),
    "setup_error": ("bad", msgid("Failed")),
    "needs_sign_in": ("warn", msgid("Needs sign-in")),
    "not_loaded": ("", msgid("Not loaded")),
    "disabled": ("", msgid("Disabled")),
}

PLUGIN_STATES: Mapping[str, tuple[str, str]] = {
    "running": ("good", msgid("Running")),
    "discovered": ("", msgid("Found")),
    "stopped": ("", msgid("Stopped")),
    "disabled": ("", msgid("Disabled")),
    "incompatible": ("bad", msgid("Incompatible")),
    "import_failed": ("bad", msgid("Import failed")),
    "invalid": ("bad", msgid("Invalid")),
    "migration_failed": ("bad", msgid("Migration failed")),
    "needs_setup": ("warn", msgid("Needs set-up")),
    "needs_sign_in": ("warn", msgid("Needs sign-in")),
    "retrying": ("warn", msgid("Trying again")),
    "crashed": ("bad", msgid("Crashed")),
    "restart_needed": ("warn", msgid("Needs a restart")),
}

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
