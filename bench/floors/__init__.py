"""The least that the same work can cost in Python."""
