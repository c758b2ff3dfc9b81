"""What other systems call, each with keys of its own."""
