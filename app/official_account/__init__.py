"""What the official account answers: to a tap on its menu, a scanned poster, a word written to it."""
