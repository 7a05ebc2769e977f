"""Nudge's doors for what happens: each event and each timer leads to one rule."""

from collections.abc import Callable, Iterable, Sequence

from services.nudge import answer as answering
from services.nudge import decide, decline, follow, forget, manners, measure, outcomes, review, route, switchback
from services.nudge.absence import plan_absence
from services.nudge.delegates import follow_delegates
from services.nudge.delete import delete, is_over
from services.nudge.documents import Member
from services.nudge.follow_kinds import TOLD, follow_kinds, plan_day
from services.nudge.gatherings import end_gathering
from services.nudge.holidays import OVER, drop_holidays, follow_holidays
from services.nudge.open_opportunity import edit_post, note_post, open_opportunity
from services.nudge.policy import BY_VALUE, Policy
from services.nudge.reconsider import reconsider
from services.nudge.settings import NudgeSettings
from services.nudge.state import NudgeCommunity
from services.nudge.ties import end_tie
from services.nudge.withdraw import end
from shared.events import (
    ChannelChanged,
    ChannelClosed,
    ChannelOpened,
    CommunityClosed,
    CommunityDeleted,
    CommunityOpened,
    Event,
    MatchDeclined,
    MatchesRanked,
    MemberEvent,
    MemberForgotten,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    MessageEdited,
    MessageRemoved,
    NudgeAnswered,
    NudgeDecision,
    NudgeReviewed,
    NudgeSeen,
    OpportunityHeld,
    PostPublished,
    PreferencesChanged,
    ReplyPublished,
    RolesChanged,
    SettingsChanged,
    ThreadFlagged,
    ThreadResolved,
    TopicDeclined,
)
from shared.service import Handlers, Moment, ServiceName, TopicName
from shared.state import Documents, Timer

State = NudgeCommunity


def on_post_published(state: State, event: PostPublished, moment: Moment) -> Iterable[Event]:
    note_post(state, event, moment.clock)
    measure.wrote(state, event.author, event.message, event.at)
    return route.route(state, event.message, moment.clock)


def on_message_edited(state: State, event: MessageEdited, moment: Moment) -> Iterable[Event]:
    edit_post(state, event)
    return route.read_edit(state, event, moment.clock)


def on_matches_ranked(state: State, event: MatchesRanked, moment: Moment) -> Iterable[Event]:
    open_opportunity(state, event, moment.clock, moment.trace)
    switchback.plan_weeks(state, moment.clock)
    switchback.follow(state, event.message, moment.clock)
    return ()


def on_reply_published(state: State, event: ReplyPublished, moment: Moment) -> Iterable[Event]:
    measure.wrote(state, event.author, event.post, event.at)
    return [*outcomes.reply_came(state, event, moment.clock), *route.read_reply(state, event, moment.clock)]


def on_thread_resolved(state: State, event: ThreadResolved, moment: Moment) -> Iterable[Event]:
    return outcomes.thread_resolved(state, event, moment.clock)


def on_thread_flagged(state: State, event: ThreadFlagged, moment: Moment) -> Iterable[Event]:
    return route.flag(state, event, moment.clock)


def on_message_removed(state: State, event: MessageRemoved, moment: Moment) -> Iterable[Event]:
    return outcomes.message_removed(state, event, moment.clock)


def on_member_told(state: State, event: MemberEvent, moment: Moment) -> Iterable[Event]:
    before = state.member(event.member) or Member()
    if follow.follow_member(state, event, follow.member_facts(event)):
        follow_delegates(state, event.member, before)
        plan_absence(state, event.member, moment.clock)
        return reconsider(state, state.open_posts(person=event.member), moment.clock)
    return ()


def on_member_left(state: State, event: MemberLeft, moment: Moment) -> Iterable[Event]:
    decline.leave(state, event)
    if follow.follow_out(state, event):
        return reconsider(state, state.open_posts(person=event.member), moment.clock)
    return ()


def on_member_forgotten(state: State, event: MemberForgotten, moment: Moment) -> Iterable[Event]:
    return forget.forget_member(state, event, moment.clock)


def on_topic_declined(state: State, event: TopicDeclined, moment: Moment) -> Iterable[Event]:
    return decline.decline_topic(state, event, moment.clock)


def on_match_declined(state: State, event: MatchDeclined, moment: Moment) -> Iterable[Event]:
    return decline.decline_match(state, event, moment.clock)


def on_channel_told(
    state: State, event: ChannelOpened | ChannelChanged | ChannelClosed, moment: Moment
) -> Iterable[Event]:
    if follow.follow_channel(state, event):
        return reconsider(state, state.open_posts(channel=event.channel), moment.clock)
    return ()


def on_community_told(state: State, event: CommunityOpened | CommunityClosed, moment: Moment) -> Iterable[Event]:
    careful = isinstance(event, CommunityOpened) and manners.follow_opening(state.documents, event)
    if careful:
        review.begin_anew(state)
    if follow.follow_community(state, event) or careful:
        return reconsider(state, state.open_posts(), moment.clock)
    return ()


def on_absence(state: State, member: str, moment: Moment) -> Iterable[Event]:
    plan_absence(state, member, moment.clock)
    return reconsider(state, state.open_posts(person=member), moment.clock)


def on_community_deleted(state: State, event: CommunityDeleted, _moment: Moment) -> Iterable[Event]:
    delete(state, event)
    return ()


def on_settings_changed(state: State, event: SettingsChanged, moment: Moment) -> Iterable[Event]:
    changed = follow_holidays(state, event, moment.clock)
    if manners.follow_settings(state.documents, event):
        review.begin_anew(state)
        changed = True
    if changed:
        return reconsider(state, state.open_posts(), moment.clock)
    return ()


def on_holidays_over(state: State, name: str, _moment: Moment) -> Iterable[Event]:
    drop_holidays(state, name)
    return ()


def on_nudge_reviewed(state: State, event: NudgeReviewed, moment: Moment) -> Iterable[Event]:
    return review.review(state, event, moment.clock)


def on_nudge_answered(state: State, event: NudgeAnswered, moment: Moment) -> Iterable[Event]:
    return answering.answer(state, event, moment.clock)


def on_nudge_seen(state: State, event: NudgeSeen, _moment: Moment) -> Iterable[Event]:
    outcomes.seen(state, event)
    return ()


class Nudge:
    """The host, as the processing loop drives it (shared.service.Service).

    It reads every activity and what recommend says, and gives only its own decisions; those come back with the
    activity and mean nothing here.
    """

    name: ServiceName = ServiceName.NUDGE
    reads: TopicName = TopicName.MATCHES
    writes: TopicName = TopicName.NUDGES
    passes_ticks: bool = False

    def __init__(self, settings: NudgeSettings, policy: Policy = BY_VALUE) -> None:
        self._settings = settings
        self._policy = policy
        self._handlers: Handlers[State] = {
            PostPublished: on_post_published,
            MessageEdited: on_message_edited,
            MatchesRanked: on_matches_ranked,
            ReplyPublished: on_reply_published,
            ThreadResolved: on_thread_resolved,
            ThreadFlagged: on_thread_flagged,
            MessageRemoved: on_message_removed,
            MemberJoined: on_member_told,
            MemberUpdated: on_member_told,
            MemberLeft: on_member_left,
            MemberForgotten: on_member_forgotten,
            RolesChanged: on_member_told,
            PreferencesChanged: on_member_told,
            TopicDeclined: on_topic_declined,
            MatchDeclined: on_match_declined,
            ChannelOpened: on_channel_told,
            ChannelChanged: on_channel_told,
            ChannelClosed: on_channel_told,
            CommunityOpened: on_community_told,
            CommunityClosed: on_community_told,
            CommunityDeleted: on_community_deleted,
            NudgeAnswered: on_nudge_answered,
            NudgeSeen: on_nudge_seen,
            NudgeReviewed: on_nudge_reviewed,
            SettingsChanged: on_settings_changed,
        }
        self._timers: dict[str, Callable[[State, str, Moment], Iterable[Event]]] = {
            "away": on_absence,
            "close": lambda state, post, moment: end(state, post, moment.clock),
            "decide": lambda state, post, moment: decide.hold_round(state, post, moment.clock),
            "expire": lambda state, nudge, moment: outcomes.time_is_over(state, nudge, moment.clock),
            "gathering": lambda state, gathering, _moment: end_gathering(state, gathering),
            OVER: on_holidays_over,
            "plan": lambda state, _subject, moment: plan_day(state, moment.clock),
            "tie": lambda state, key, _moment: end_tie(state, key),
            "lapse": lambda state, nudge, moment: review.lapse(state, nudge, moment.clock),
            "recheck": lambda state, nudge, moment: review.recheck(state, nudge, moment.clock),
            "measure": lambda state, post, _moment: measure.measure_answer(state, post),
            switchback.BEGIN_WEEK: lambda state, _subject, moment: switchback.begin_week(state, moment.clock),
            "day": lambda state, post, _moment: switchback.measure_day(state, post),
            "return": lambda state, member, _moment: measure.measure_return(state, member),
            "forget": lambda state, post, _moment: forget.forget_post(state, post),
            "show": lambda state, nudge, _moment: answering.show_again(state, nudge),
        }

    async def open(self, community: str, documents: Documents) -> State:
        """Build the working state; it needs nothing from outside."""
        return NudgeCommunity(community, documents, self._settings, self._policy)

    async def prepare(self, state: State, events: Sequence[Event]) -> None:
        """Fetch nothing: nudge decides on what it has been told."""

    def handle(self, state: State, event: Event, moment: Moment) -> Iterable[Event]:
        if is_over(state, event):
            return ()
        handler = self._handlers.get(type(event))
        events = [*handler(state, event, moment)] if handler else []
        return events + follow_kinds(state, event, moment.clock) if type(event) in TOLD else events

    def fire(self, state: State, timer: Timer, moment: Moment) -> Iterable[Event]:
        return self._timers[timer.name](state, timer.subject, moment)

    def trace_of(self, state: State, event: Event) -> str | None:
        """Give the trace of the post that a decision is about, however long ago that came in."""
        if not isinstance(event, NudgeDecision | OpportunityHeld):
            return None
        opportunity = state.opportunity(event.post)
        return opportunity.trace if opportunity is not None else None
