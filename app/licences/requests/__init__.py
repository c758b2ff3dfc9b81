"""Requests for more fields: an officer asks, the citizen says yes or no on the phone, and yes shows them once."""
