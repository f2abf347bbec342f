"""Talks to a Jellyfin server."""
