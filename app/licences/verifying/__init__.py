"""Verification: what a shown code or a named licence is worth to whoever asks, and who asked."""
