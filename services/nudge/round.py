"""A round: all posts that fall due together are given to people together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from services.nudge.applicants import applicants
from services.nudge.assign import DECIMALS, assign
from services.nudge.budget import within_week
from services.nudge.choose import PASSING, Applicant, Bar, allowed_at, bars
from services.nudge.contact import contact
from services.nudge.decision_log import Considered, considered, log_held, log_nobody
from services.nudge.digest import digest_of, room_of
from services.nudge.documents import Opportunity
from services.nudge.explore import Drawn, draw_people
from services.nudge.hold import enrol
from services.nudge.load import count_askable
from services.nudge.manners import manners_of, mode_of
from services.nudge.propose import ask
from services.nudge.settings import NudgeSettings
from services.nudge.state import NudgeCommunity
from services.nudge.unasked import Why, note
from shared.events import Alternative, Event, Mode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOKS_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Asking:
    """A post with those who may be asked about it now, and when somebody more could be."""

    post: str
    opportunity: Opportunity
    everybody: tuple[Applicant, ...]
    applicants: dict[str, Applicant]
    barred: dict[str, tuple[Bar, ...]]
    again: datetime | None

    @property
    def askable(self) -> list[str]:
        """Name those who may be asked, if not now."""
        people = [one.candidate.member for one in self.everybody]
        return [who for who in people if PASSING.issuperset(self.barred.get(who, ()))]

    @property
    def kept_out(self) -> list[tuple[Applicant, tuple[Bar, ...]]]:
        return [(one, self.barred.get(one.candidate.member, ())) for one in self.everybody]


def next_round(state: NudgeCommunity, at: datetime) -> datetime:
    """Give the first round that is held at a time or later: all communities' begin on the same minutes."""
    length = timedelta(minutes=state.settings.round_minutes)
    return _EPOCH - (_EPOCH - at) // length * length


def ask_about(state: NudgeCommunity, posts: Mapping[str, datetime | None], clock: datetime) -> list[Event]:
    """Ask about posts whoever is worth most over all of them, each about one; come back when more could be asked.

    `posts` are ready, and nobody is at them; with each comes when somebody could be asked whom it was handed to.
    """
    asking = {post: _asking(state, post, again, clock) for post, again in posts.items()}
    values = _values(state, asking, clock)
    turns = {post: _in_turn(state, post, found, values) for post, found in asking.items()}
    people = {post: _considered(found, post, values, turns[post]) for post, found in asking.items()}
    values = {(post, who): value for (post, who), value in values.items() if who in turns[post]}
    asked = {post: len(found.opportunity.asked) for post, found in asking.items()}
    drawn = draw_people(values, asked, state.community, state.settings.explore_share)
    taken = {found.member for found in drawn.values()}
    rest = {(post, who): value for (post, who), value in values.items() if post not in drawn and who not in taken}
    given = assign(rest, _room(state, asking, clock)) | {post: found.member for post, found in drawn.items()}
    events = [
        event for found in asking.values() for event in contact(state, found.opportunity.kind, found.kept_out, clock)
    ]
    for p in sorted(given):
        events += _ask(state, asking[p], given[p], drawn.get(p), people[p], clock)
    lost = {post: any(values[post, who] > 0 for who in turns[post]) for post in asking if post not in given}
    for post, found in asking.items():
        if post in lost:
            log_nobody(state, post, found.opportunity, people[post], clock)
            _come_back(state, found, clock, lost=lost[post])
    note(state, {post: None if lost.get(post, True) else _why(state, asking[post]) for post in asking}, clock)
    count_askable(state, {who for found in asking.values() for who in found.askable}, clock)
    return events


def leave_alone(state: NudgeCommunity, posts: Mapping[str, datetime | None], week: str, clock: datetime) -> None:
    """Keep who comes into question for posts about which nobody is asked, as the week is one without asking."""
    asking = {post: _asking(state, post, again, clock) for post, again in posts.items()}
    values = _values(state, asking, clock)
    for post, found in asking.items():
        people = _considered(found, post, values, _in_turn(state, post, found, values))
        log_nobody(state, post, found.opportunity, people, clock, off_week=week)
    note(state, dict.fromkeys(posts, Why.OFF_WEEK), clock)


def _values(state: NudgeCommunity, asking: Mapping[str, _Asking], clock: datetime) -> dict[tuple[str, str], float]:
    return {
        (post, member): state.policy.worth(post, found.opportunity, applicant, clock, state.settings)
        for post, found in asking.items()
        for member, applicant in found.applicants.items()
    }


def _why(state: NudgeCommunity, found: _Asking) -> Why:
    """Say why nobody is asked about a post that did not lose against others."""
    if found.applicants:
        return Why.WORTH
    if found.everybody:
        return Why.BARRED
    return Why.NO_MATCH if len(found.opportunity.asked) < state.settings.people_per_post else Why.ENOUGH


def _ask(
    state: NudgeCommunity,
    found: _Asking,
    member: str,
    drawn: Drawn | None,
    people: tuple[Considered, ...],
    clock: datetime,
) -> list[Event]:
    """Ask somebody about a post, unless it is left alone to measure what asking adds."""
    dry = mode_of(manners_of(state.documents), found.opportunity.kind) is Mode.DRY_RUN
    if not dry and (held := enrol(state, found.post, found.opportunity, clock)) is not None:
        log_held(state, found.post, found.opportunity, people, clock)
        return [held]
    others = () if drawn is None else tuple(_alternative(state, found, who, drawn, clock) for who in drawn.chances)
    return ask(state, found.post, found.opportunity, found.applicants[member], people, clock, others)


def _alternative(state: NudgeCommunity, found: _Asking, member: str, drawn: Drawn, clock: datetime) -> Alternative:
    applicant = found.applicants[member]
    return Alternative(
        member=member,
        propensity=drawn.chances[member],
        score=applicant.candidate.score,
        reply_ratio=applicant.ratio,
        worth=round(state.policy.worth(found.post, found.opportunity, applicant, clock, state.settings), DECIMALS),
        asks_this_week=len(within_week(applicant.asks, clock)),
    )


def _room(state: NudgeCommunity, asking: Mapping[str, _Asking], clock: datetime) -> dict[str, int]:
    """Give how many posts each of those who may be asked may be asked about at once."""
    people = {who: applicant for found in asking.values() for who, applicant in found.applicants.items()}
    return {
        who: 1 if applicant.approved else room_of(member, applicant.asks, applicant.let_go, clock, state.settings)
        for who, applicant in people.items()
        if (member := applicant.member) is not None
    }


def _asking(state: NudgeCommunity, post: str, named: datetime | None, clock: datetime) -> _Asking:
    opportunity = state.opportunity(post)
    assert opportunity is not None
    free: dict[str, Applicant] = {}
    kept_out: dict[str, tuple[Bar, ...]] = {}
    again = [] if named is None else [named]
    more = len(opportunity.asked) < state.settings.people_per_post
    everybody = tuple(applicants(state, post, opportunity, clock)) if more else ()
    for applicant in everybody:
        barred = bars(applicant, opportunity.kind, clock, state.settings)
        if not barred:
            free[applicant.candidate.member] = applicant
            continue
        kept_out[applicant.candidate.member] = barred
        if (could := allowed_at(applicant, barred, clock, state.settings)) is not None:
            again.append(could)
        if barred == (Bar.BUDGET,) and not bars(
            replace(applicant, urgent=True), opportunity.kind, clock, state.settings
        ):
            # What is kept of their week is for this, too, once it has become urgent.
            again.append(clock + _LOOKS_AGAIN)
    if not free and not any(at < opportunity.ends for at in again):
        again += _escalate(state, opportunity, everybody, free, kept_out, clock)
    return _Asking(post, opportunity, everybody, free, kept_out, min(again, default=None))


def _escalate(
    state: NudgeCommunity,
    opportunity: Opportunity,
    everybody: tuple[Applicant, ...],
    free: dict[str, Applicant],
    kept_out: dict[str, tuple[Bar, ...]],
    clock: datetime,
) -> list[datetime]:
    """Free of the community's digest whoever is left, where it comes too late; give when others of them may be asked.

    A digest that somebody chose themselves is kept.
    """
    again = []
    for applicant in everybody:
        who, member = applicant.candidate.member, applicant.member
        if member is None or member.digest is not None or kept_out.get(who) != (Bar.DIGEST,):
            continue
        late = replace(applicant, approved=True)
        barred = bars(late, opportunity.kind, clock, state.settings)
        if not barred:
            free[who] = late
            del kept_out[who]
        elif (could := allowed_at(late, barred, clock, state.settings)) is not None:
            again.append(could)
    return again


def _in_turn(
    state: NudgeCommunity, post: str, found: _Asking, values: Mapping[tuple[str, str], float]
) -> Collection[str]:
    """Give those of a post's applicants whose turn it is, by who was asked about it before."""
    asked = {nudge.role for _, nudge in state.nudges_of(found.opportunity)}
    worth = {who: values[post, who] for who in found.applicants}
    turn = state.policy.in_turn(worth, found.applicants, asked, state.settings)
    # A digest comes once: who gets theirs now has their turn with everybody.
    return {*turn, *(who for who, one in found.applicants.items() if _in_digest(one, state.settings))}


def _in_digest(applicant: Applicant, settings: NudgeSettings) -> bool:
    member = applicant.member
    return member is not None and not applicant.approved and digest_of(member, settings) is not None


def _considered(
    found: _Asking, post: str, values: Mapping[tuple[str, str], float], turn: Collection[str]
) -> tuple[Considered, ...]:
    later = {who: (Bar.TURN,) for who in found.applicants if values[post, who] > 0 and who not in turn}
    return considered(found.everybody, found.barred | later, {who: values[post, who] for who in found.applicants})


def _come_back(state: NudgeCommunity, found: _Asking, clock: datetime, *, lost: bool) -> None:
    """Decide a post again: in the next round where it lost against another, or when somebody more could be asked."""
    after = next_round(state, clock + timedelta(microseconds=1)) if lost else None
    again = None if found.again is None else next_round(state, found.again)
    at = min((one for one in (after, again) if one is not None), default=None)
    if at is not None and at < found.opportunity.ends:
        state.documents.set_timer("decide", found.post, at)
