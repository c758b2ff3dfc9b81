"""What can go wrong when somebody manages keys at the command line."""


class KeyActError(Exception):
    """This cannot be done with this key; the sentence says why."""
