"""The web panel of Regie."""
