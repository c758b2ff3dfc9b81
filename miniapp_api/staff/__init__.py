"""The staff's interface under ``/staff/v1``."""
