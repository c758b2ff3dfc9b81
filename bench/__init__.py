"""Benchmarks against peers and floors, side by side in one run: ``make bench``, ``python -m bench``."""
