"""Whom this process trusts over TLS."""

import ssl
from functools import cache

import httpx


@cache
def public_tls() -> ssl.SSLContext:
    """The public authorities' certificates, read once: reading them takes longer than opening everything else."""
    return httpx.create_ssl_context(trust_env=False)
