"""reply: somebody's answer to a post. It opens when the post is ranked, and its outcome is a reply in the thread."""

from typing import Final

from services.nudge.kinds.anatomy import Anatomy
from shared.events import Kind

REPLY: Final = Anatomy(
    kind=Kind.REPLY,
    # What everything else is measured in.
    worth=lambda _settings: 1.0,
    stands=lambda settings: settings.ask_stands,
    ranked=lambda event: not event.first_post,
    patience_hours=lambda settings: settings.reply_patience_hours,
    wait_hours=lambda settings: settings.reply_wait_hours,
)
