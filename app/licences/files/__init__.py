"""The files of a licence: its card's two sides, the document to print, and its data as a signed credential."""
