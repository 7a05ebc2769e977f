"""What really became of each post, beside who would have been asked about it."""

from collections.abc import Iterable, Mapping

from kindling.backtest.results import WEEK, Ask, Post
from services.recommend.walk import History


def posts_of(history: History, asks: Iterable[Ask], ends: float) -> tuple[Post, ...]:
    """Give all posts by people up to `ends` (seconds since 1970), by time, with their answers and asks."""
    bots = {name for name, member in history.members.items() if member.bot}
    answers = _answers(history, bots)
    asked: dict[str, list[Ask]] = {}
    for ask in asks:
        asked.setdefault(ask.post, []).append(ask)
    first = first_messages(history)
    found = [
        Post(
            id=name,
            at=post.at.timestamp(),
            author=post.author,
            newcomer=first[post.author] == name,
            mentions=bool(post.mentions),
            answers=tuple(sorted(answers.get(name, ()))),
            asks=tuple(asked.get(name, ())),
        )
        for name, post in history.posts.items()
        if post.author not in bots and post.at.timestamp() <= ends
    ]
    return tuple(sorted(found, key=lambda post: (post.at, post.id)))


def last_message(history: History) -> float:
    """Give when the last message was written, in seconds since 1970; ValueError where there is none."""
    ats = [one.at for facts in (history.posts, history.replies) for one in facts.values()]
    if not ats:
        raise ValueError("no line of it is a message")
    return max(ats).timestamp()


def judged_until(history: History) -> float:
    """Give until when posts are judged: what lies in the last seven days may have answers that are not there."""
    return last_message(history) - WEEK


def _answers(history: History, bots: set[str]) -> Mapping[str, list[tuple[float, str]]]:
    found: dict[str, list[tuple[float, str]]] = {}
    for reply in history.replies.values():
        post = history.posts.get(reply.post)
        if post is not None and reply.author != post.author and reply.author not in bots:
            found.setdefault(reply.post, []).append((reply.at.timestamp(), reply.author))
    return found


def first_messages(history: History) -> Mapping[str, str]:
    """Give each person's first message, by name."""
    first: dict[str, tuple[float, str]] = {}
    for facts in (history.posts, history.replies):
        for name, message in facts.items():
            at = message.at.timestamp(), name
            if message.author not in first or at < first[message.author]:
                first[message.author] = at
    return {author: name for author, (_, name) in first.items()}
