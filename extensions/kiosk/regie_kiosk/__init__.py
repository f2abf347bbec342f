"""Understands release names, scores them, decides and explains."""
