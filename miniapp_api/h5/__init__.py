"""Web pages for phones."""
