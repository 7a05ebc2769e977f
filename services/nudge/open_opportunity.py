"""Open an opportunity: a young post that nobody has answered, with those who should."""

from dataclasses import replace
from datetime import datetime

from services.nudge.documents import MOST_HEARD, Candidate, Closing, Heard, Named, Opportunity, Post
from services.nudge.kinds import kind_of_post
from services.nudge.round import next_round
from services.nudge.settings import NudgeSettings
from services.nudge.state import NudgeCommunity
from services.nudge.withdraw import close
from shared.events import Match, MatchesRanked, MessageEdited, PostPublished
from shared.stamps import stamp_of


def note_post(state: NudgeCommunity, event: PostPublished, clock: datetime) -> None:
    """Remember a young post: what the inbox shows of it, and whether it was answered before it came."""
    was = state.post(event.message) or Post()
    young = event.at + state.settings.oldest_post > clock
    if not young or was.published is not None or state.is_forgotten(event.author, event.at):
        return
    post = learn_post(state, was, event.author, event.channel)
    if not post.removed:
        post = replace(post, title=event.title, excerpt=excerpt(event.text, state.settings))
    post = replace(post, published=event.at)
    state.put_post(event.message, with_concerns(post, state.judge.concerns(event.title, event.text)))
    if state.opportunity(event.message) is None:
        state.documents.set_timer("forget", event.message, event.at + state.settings.oldest_post)


def excerpt(text: str, settings: NudgeSettings) -> str:
    """Give the first characters of a text, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= settings.excerpt_characters else line[: settings.excerpt_characters] + "…"


def learn_post(state: NudgeCommunity, post: Post, author: str, channel: str) -> Post:
    """Give a post whose author and channel are now known; what was heard before becomes an answer, or nothing."""
    if post.author is not None:
        return post
    answering = [
        heard.message
        for heard in post.heard
        if answers(state, author, channel, heard) and not was_removed(state, heard)
    ]
    return answered_with(replace(post, author=author, channel=channel, heard=()), *answering)


def answered_with(post: Post, *messages: str) -> Post:
    """Give the post with what answers it. Of very many nobody removes every one: then it is answered for good."""
    if not messages or is_answered_for_good(post):
        return post
    found = sorted({*post.answers, *messages})
    return replace(post, answered=True, answers=tuple(found) if len(found) <= MOST_HEARD else ())


def is_answered_for_good(post: Post) -> bool:
    return post.answered and not post.answers


def answers(state: NudgeCommunity, author: str, channel: str, reply: Heard) -> bool:
    """Say whether a reply answers: of a person who is neither author nor bot, where the author can read it."""
    by_another_person = reply.author != author and not state.is_bot(reply.author)
    return by_another_person and state.author_reads(author, channel, reply.channel)


def was_removed(state: NudgeCommunity, reply: Heard) -> bool:
    message = state.post(reply.message)
    return message is not None and message.removed


def edit_post(state: NudgeCommunity, event: MessageEdited) -> None:
    """Show a post as it is now."""
    post = state.post(event.message)
    if post is None or post.published is None or post.removed:
        return
    if post.edited is None or stamp_of(event) > post.edited:
        title = post.title if event.title is None else event.title
        post = replace(post, title=title, excerpt=excerpt(event.text, state.settings), edited=stamp_of(event))
        state.put_post(event.message, post)


def with_concerns(post: Post, concerns: tuple[str, ...]) -> Post:
    """Give the post with what it was found to be about; what was found once stays."""
    return replace(post, concerns=tuple(sorted({*post.concerns, *concerns})))


def open_opportunity(state: NudgeCommunity, event: MatchesRanked, clock: datetime, trace: str | None = None) -> None:
    """Open an opportunity and have it decided once the post has waited; or not, for good.

    Of an open one, whose post was ranked once more, take over who should answer it now.
    """
    settings, known = state.settings, state.opportunity(event.message)
    if known is not None:
        _rank_anew(state, event, known, clock)
    if known is not None or state.is_closed():
        return
    if event.published + settings.oldest_post <= clock or state.is_forgotten(event.author, event.published):
        return
    post = learn_post(state, state.post(event.message) or Post(), event.author, event.channel)
    author = state.member(event.author)
    gone = author is not None and (author.left or author.bot)
    if gone or is_answered_for_good(post) or post.resolved or post.removed:
        return
    if post.is_sensitive and not state.settings.sensitive_to:
        state.put_post(event.message, post)
        return
    kind = kind_of_post(event)
    still_open = _still_open(event)
    opportunity = Opportunity(
        kind=kind,
        channel=event.channel,
        author=event.author,
        published=event.published,
        ready=clock,
        ends=event.published + settings.opportunity,
        model=event.model,
        candidates=in_order(event.matches),
        still_open=still_open,
        trace=trace,
    )
    if post.is_sensitive:
        opportunity = only_named(opportunity, settings.sensitive_to)
    else:
        ready = state.policy.ready(event.message, opportunity, clock, settings)
        opportunity = replace(opportunity, ready=ready)
    state.put_post(event.message, post)
    state.documents.cancel_timer("forget", event.message)
    start(state, event.message, opportunity)
    if post.answered:
        # There, should the answer be removed again.
        close(state, event.message, Closing.ANSWERED, clock)


def start(state: NudgeCommunity, key: str, opportunity: Opportunity) -> None:
    """Keep a new opportunity, to be decided in the first round from when it is ready, and ended in time."""
    state.put_opportunity(key, opportunity)
    state.documents.set_timer("decide", key, next_round(state, opportunity.ready))
    state.documents.set_timer("close", key, opportunity.ends)


def _still_open(event: MatchesRanked) -> tuple[tuple[float, float], ...]:
    return tuple((float(point.hours), point.probability) for point in event.still_open)


def _rank_anew(state: NudgeCommunity, event: MatchesRanked, was: Opportunity, clock: datetime) -> None:
    """Take over a later ranking. Whoever is at the post stays; as long as nobody was asked, it may wait otherwise."""
    # An answer may be removed again, and then somebody is asked.
    if was.sensitive or was.closing not in (None, Closing.ANSWERED) or clock >= was.ends:
        return
    still_open = _still_open(event)
    told = replace(was, model=event.model, candidates=in_order(event.matches), still_open=still_open)
    if told == was:
        return
    ready = was.ready if was.asked else state.policy.ready(event.message, told, clock, state.settings)
    ranked = replace(told, ready=ready)
    state.put_opportunity(event.message, ranked)
    if was.closed is None and not state.stands(ranked):
        state.documents.set_timer("decide", event.message, next_round(state, max(ready, clock)))


def only_named(opportunity: Opportunity, member: str) -> Opportunity:
    """Give the opportunity of a sensitive post: nobody but the person whom operators named is asked."""
    return replace(opportunity, candidates=(), named=Named(member, None), sensitive=True)


def in_order(matches: tuple[Match, ...]) -> tuple[Candidate, ...]:
    """Order matches by score, rounded so that builds agree, ties by member; the first of a member counts."""
    ordered = sorted(matches, key=lambda match: (-round(match.score, 6), match.member))
    first = {match.member: match for match in reversed(ordered)}
    unique = sorted(first.values(), key=lambda match: (-round(match.score, 6), match.member))
    return tuple(
        Candidate(match.member, round(match.score, 6), rank, match.evidence)
        for rank, match in enumerate(unique, start=1)
    )
