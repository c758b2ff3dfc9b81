"""Long texts that somebody types on a page: what is wrong with one is said beside it, and nothing typed is lost."""

MOST_TYPED = 20_000
"""Characters that a form takes: what is too long is shown again to be shortened."""


def written(text: str) -> str:
    """A text as it is kept: a browser ends lines by two characters."""
    return text.replace("\r\n", "\n").strip()


def wrong_with(text: str, longest: int) -> str:
    """What is wrong with a written text, as the end of a text's key; empty where nothing is."""
    if not text:
        return "text_missing"
    return "text_long" if len(text) > longest else ""
