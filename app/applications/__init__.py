"""A citizen's case from the first keystroke to the last word."""
