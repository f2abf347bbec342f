"""Who watches what on Jellyfin: live, history, statistics."""
