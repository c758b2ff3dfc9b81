"""What a verification keeps of the text that was shown, to know it again."""

import hashlib


def digest_of(text: str) -> str:
    """The SHA-256, in hexadecimal, of a code's text or of what else was asked about; case does not count."""
    return hashlib.sha256(text.strip().upper().encode()).hexdigest()
