"""The pytest plugin of the kit: fixtures for hubs and plugins."""
