"""Reading the stand-ins' pages as a browser would."""

from html.parser import HTMLParser


class Form(HTMLParser):
    """The fields of a page's form, the names of its labels, and what is said as an alert."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.labels: set[str | None] = set()
        self.alerts = 0
        self.language: str | None = None
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what matters of a tag."""
        values = dict(attrs)
        self.tags.add(tag)
        self.alerts += values.get("role") == "alert"
        match tag:
            case "html":
                self.language = values.get("lang")
            case "label":
                self.labels.add(values.get("for"))
            case "input":
                self.fields[values["name"] or ""] = values.get("value") or ""
