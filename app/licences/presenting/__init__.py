"""Codes are handed out to phones, and spent by whoever scans them or types their digits."""
