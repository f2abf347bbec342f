"""What players tell by webhook, as submissions.

Jellyfin and Plex have a module each. Navidrome speaks ListenBrainz: its payloads go through `protocols.listenbrainz`.
"""
