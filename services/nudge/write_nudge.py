"""Write a nudge whole, as plain text and as HTML, for whatever brings it to its member."""

from dataclasses import dataclass
from typing import Final

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.nudge.opening import Opening
from services.nudge.read_inbox import ShownNudge
from services.nudge.words import WORDING, Asked, words_of

_TEMPLATES: Final = ImmutableSandboxedEnvironment(
    loader=FileSystemLoader(WORDING),
    undefined=StrictUndefined,
    autoescape=lambda name: name is not None and name.endswith(".html.jinja"),
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Written:
    text: str
    html: str


def write_nudge(nudge: ShownNudge, opening: Opening, link: str) -> Written:
    """Write a nudge in its reader's language; `link` is where they answer."""
    words = words_of(nudge.language)
    values = {
        "say": words.say,
        "language": nudge.language,
        "asked": Asked(nudge.what, nudge.why.you, nudge.why.this, nudge.why.now, nudge.takes, nudge.opening),
        "heading": words.heading(nudge.post.title, nudge.post.excerpt),
        "excerpt": nudge.post.excerpt,
        "opening": opening.text,
        "answers": nudge.answers,
        "link": link,
    }
    text, html = (_TEMPLATES.get_template(f"nudge.{form}.jinja").render(values).strip() for form in ("txt", "html"))
    return Written(text, html)
