"""Delegation to the city's existing approval system: what goes there, what comes back, and asking for what did not."""
