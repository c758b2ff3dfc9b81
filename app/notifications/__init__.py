"""What to tell whom, by which channel, with nothing silently dropped."""
