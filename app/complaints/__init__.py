"""Complaints and suggestions (投诉建议): written by citizens, handed to whom they concern, answered in time."""
