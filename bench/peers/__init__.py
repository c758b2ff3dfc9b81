"""What a team would pick instead: the same work, each written as its own community writes it."""
