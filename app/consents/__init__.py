"""What citizens are told about their data, and what they said to it."""
