"""A person's rights over their data: a copy of it, its deletion, and its end."""
