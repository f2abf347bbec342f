"""The house's own pages, a module for each room."""
