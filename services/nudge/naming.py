"""What nudge calls itself in the events that it gives, and short names for what has several parts."""

import hashlib
from typing import Final

SOURCE: Final = "kindling/nudge"


def short_hash(*parts: str) -> str:
    """Hash parts to 32 hexadecimal digits; the lengths keep them apart."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
