"""Tells the country and the city of an address."""
