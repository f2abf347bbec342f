"""A simulated household on a stub Jellyfin server."""
