"""The citizens' interface under ``/api/v1``."""
