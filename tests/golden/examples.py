"""A realistic event of every kind with every field filled; the golden files were written from these, once."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from shared.events import (
    Absence,
    Alternative,
    Answer,
    ChannelChanged,
    ChannelClosed,
    ChannelOpened,
    CommunityClosed,
    CommunityDeleted,
    CommunityOpened,
    ContentQueued,
    ContentShared,
    Delegate,
    Delivery,
    Digest,
    EncoderChanged,
    Event,
    Evidence,
    GatheringAttended,
    GatheringChanged,
    GatheringScheduled,
    IntroductionsRanked,
    Kind,
    Match,
    MatchDeclined,
    MatchesRanked,
    MemberContacted,
    MemberForgotten,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    MessageEdited,
    MessageRemoved,
    Mode,
    ModelPromoted,
    NudgeActed,
    NudgeAnswered,
    NudgeDelivered,
    NudgeExpired,
    NudgeIssued,
    NudgeReviewed,
    NudgeSeen,
    NudgeWithdrawn,
    OpportunityHeld,
    Pair,
    PeersRanked,
    PostPublished,
    PostViewed,
    PreferencesChanged,
    Privacy,
    ReactionAdded,
    ReactionRemoved,
    Reason,
    ReplyPublished,
    Role,
    RolesChanged,
    SettingsChanged,
    StillOpen,
    ThreadFlagged,
    ThreadResolved,
    Tick,
    TopicDeclined,
    WeekDrawn,
    Withdrawal,
    Wording,
    WorkingHours,
)
from shared.wire import Envelope

AT = datetime(2026, 3, 10, 9, 30, 15, 250_000, tzinfo=UTC)
DAY = timedelta(days=1)
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def envelope_of(event: Event) -> Envelope:
    """Put an event on a full journey: numbered, recorded, and replayed."""
    return Envelope(event, 42, AT + timedelta(seconds=1), "ingest-activity-7d3f9a20-17-4711")


def examples() -> list[Event]:
    """Give one event of every kind."""
    return [*_written(), *_people(), *_places(), *_plans(), *_pressed(), *_operated(), *_decided()]


def _named(name: str) -> dict[str, Any]:
    return {"id": name, "source": "discourse/forum.example.org", "at": AT, "community": "gardeners"}


def _evidence() -> tuple[Evidence, ...]:
    return (
        Evidence(reason=Reason.ANSWERED_SIMILAR, count=3, posts=("1017", "1042"), channels=("greenhouse",)),
        Evidence(reason=Reason.ACTIVE_LATELY, count=12, posts=("1090",), channels=("greenhouse", "soil")),
        Evidence(reason=Reason.INTERESTED, count=1),
    )


def _written() -> list[Event]:
    said: dict[str, Any] = {"channel": "greenhouse", "author": "m0007", "mentions": ("m0001", "m0023")}
    text = "Grüße aus Łódź 🌱: my seedlings turn yellow.\n\tWhat may I try, @m0001 or @m0023?"
    reacted: dict[str, Any] = {"message": "1102", "member": "m0023", "emoji": "❤️"}
    return [
        PostPublished(**_named("post/1101"), message="1101", title="Yellow seedlings", text=text, **said),
        ReplyPublished(**_named("post/1102"), message="1102", post="1101", text="Less water. 少し待って。", **said),
        MessageEdited(**_named("post/1101/edited/2"), message="1101", title="Yellow tomatoes", text=text + " Thanks!"),
        MessageRemoved(**_named("post/1102/removed"), message="1102"),
        ReactionAdded(**_named("reaction/1102/m0023/heart"), **reacted),
        ReactionRemoved(**_named("reaction/1102/m0023/heart/removed"), **reacted),
        PostViewed(**_named("view/1101/m0023/2026-03-10T09"), message="1101", member="m0023", views=3),
        ThreadFlagged(**_named("post/1101/flagged"), message="1101", flagged=False, reason="not spam"),
        ThreadResolved(**_named("post/1101/resolved"), message="1101", answer="1102"),
    ]


def _people() -> list[Event]:
    who: dict[str, Any] = {"member": "m0007"}
    hours = WorkingHours(start=time(9, 0), end=time(17, 30), weekdays=(0, 1, 3))
    return [
        MemberJoined(**_named("member/m0007/joined"), **who, name="Zoë", zone="Europe/Warsaw", bot=True),
        MemberUpdated(**_named("member/m0007/updated/3"), **who, name="Zoë K.", zone="Asia/Kolkata", bot=True),
        MemberLeft(**_named("member/m0007/left"), **who),
        MemberForgotten(**_named("member/m0007/forgotten"), **who),
        RolesChanged(**_named("member/m0007/roles/4"), **who, roles=(Role.MEMBER, Role.CHAMPION, Role.LEADER)),
        TopicDeclined(**_named("declined/m0007/topic/1"), **who, post="t/100", declined=False),
        MatchDeclined(**_named("declined/m0007/match/2"), **who, other="m0008", declined=False),
        MemberContacted(**_named("contact/m0007"), **who),
        PreferencesChanged(
            **_named("preferences/m0007/9"),
            **who,
            consent=False,
            zone="Europe/Warsaw",
            hours=hours,
            weekly_asks=2,
            without=(Kind.WELCOME, Kind.ROUTINE),
            paused_until=AT + 14 * DAY,
            interests=("Seeds of old tomatoes", "少し待って"),
            language="de-AT",
            gap_hours=24,
            delegates=(
                Delegate(member="m0042"),
                Delegate(member="m0043", first=date(2026, 8, 3), last=date(2026, 8, 21)),
            ),
            region="DE-BY",
            digest=Digest(at=time(8, 30), weekdays=(1, 3)),
            absences=(Absence(first=date(2026, 8, 3), last=date(2026, 8, 21)),),
        ),
    ]


def _places() -> list[Event]:
    where: dict[str, Any] = {"channel": "greenhouse", "name": "Under glass"}
    return [
        ChannelOpened(
            **_named("channel/greenhouse/opened"), **where, privacy=Privacy.PUBLIC, members=("m0001", "m0007")
        ),
        ChannelChanged(
            **_named("channel/greenhouse/changed/5"),
            **where,
            privacy=Privacy.PRIVATE,
            joined=("m0023",),
            left=("m0007",),
        ),
        ChannelClosed(**_named("channel/greenhouse/closed"), channel="greenhouse"),
    ]


def _plans() -> list[Event]:
    what: dict[str, Any] = {"gathering": "g-12", "title": "Seed swap", "starts": AT + DAY, "ends": AT + 2 * DAY}
    shared: dict[str, Any] = {"content": "c-31", "by": "m0001"}
    return [
        GatheringScheduled(**_named("gathering/g-12"), **what, channel="greenhouse", host="m0001"),
        GatheringChanged(**_named("gathering/g-12/changed/2"), **what, cancelled=True),
        GatheringAttended(**_named("gathering/g-12/m0007"), member="m0007", gathering="g-12"),
        ContentQueued(**_named("content/c-31"), **shared, title="On compost", link="https://example.org/compost"),
        ContentShared(**_named("content/c-31/shared"), **shared, channel="soil", message="1110"),
    ]


def _pressed() -> list[Event]:
    about: dict[str, Any] = {"member": "m0001", "nudge": "n-5f2c"}
    return [
        NudgeAnswered(
            **_named("answer/n-5f2c/hand_over"),
            **about,
            answer=Answer.HAND_OVER,
            by="m0042",
            reason="She grows tomatoes, I do not",
            to="m0023",
            until=AT + DAY,
        ),
        NudgeSeen(**_named("seen/n-5f2c"), **about),
        NudgeReviewed(**_named("reviewed/n-5f2c"), **about, approved=False, reason="she is away"),
        NudgeDelivered(**_named("delivered/n-5f2c/inbox"), **about, by="inbox", result=Delivery.SENT),
    ]


def _operated() -> list[Event]:
    settings: dict[str, str | int | float | bool] = {
        "nudge.weekly_asks": 3,
        "nudge.holdout": 0.1,
        "nudge.enabled": True,
        "nudge.language": "pl",
    }
    return [
        CommunityOpened(**_named("community/opened"), name="Gardeners", mode=Mode.APPROVE, asks_consent=False),
        CommunityClosed(**_named("community/closed")),
        CommunityDeleted(**_named("community/deleted")),
        SettingsChanged(**_named("settings/8"), settings=settings),
        ModelPromoted(**_named("model/ranker/3"), model="ranker-3", artefact="ranker/3.npz", sha256=SHA256),
        EncoderChanged(
            **_named("encoder/9"), encoder="bge/onnx-int8/0123456789ab", artefact="ranker/3.npz", sha256=SHA256
        ),
        Tick(id="tick/17/2026-03-10T09:30:10+00:00", source="kindling/ingest", at=AT, partition=17),
    ]


def _decided() -> list[Event]:
    about: dict[str, Any] = {"member": "m0001", "nudge": "n-5f2c", "kind": Kind.REPLY, "post": "1101"}
    return [
        MatchesRanked(
            **_named("matches/1101"),
            message="1101",
            channel="greenhouse",
            author="m0007",
            published=AT - timedelta(minutes=1),
            first_post=True,
            model="minilm-int8-1",
            matches=(
                Match(member="m0001", score=0.731254, evidence=_evidence()),
                Match(member="m0023", score=0.5, evidence=_evidence()[:1]),
            ),
            still_open=(StillOpen(hours=1, probability=0.75), StillOpen(hours=24, probability=0.3125)),
        ),
        NudgeIssued(
            **_named("issued/n-5f2c"),
            **about,
            channel="greenhouse",
            role=Role.CHAMPION,
            rank=1,
            score=0.731254,
            propensity=0.9,
            evidence=_evidence(),
            features={"similarity": 0.61, "budget_left": 2.0},
            model="minilm-int8-1",
            expires=AT + 2 * DAY,
            alternatives=(
                Alternative(
                    member="m0001", propensity=0.9, score=0.731254, reply_ratio=1.2, worth=0.61, asks_this_week=1
                ),
                Alternative(member="m0023", propensity=0.1, score=0.5, reply_ratio=0.8, worth=0.068, asks_this_week=2),
            ),
            wording=Wording.REASON,
            wording_propensity=0.625,
            people=("m0007", "m0023"),
            content="c-17",
            gathering="g-4",
        ),
        NudgeWithdrawn(**_named("withdrawn/n-5f2c"), **about, reason=Withdrawal.TAKEN_BACK),
        NudgeExpired(**_named("expired/n-5f2c"), **about),
        NudgeActed(**_named("acted/n-5f2c"), **about, message="1102", seconds=5400.5),
        PeersRanked(
            **_named("peers/m0001"),
            member="m0001",
            model="minilm-int8-1",
            peers=(Match(member="m0023", score=0.25, evidence=_evidence()[:1]),),
        ),
        IntroductionsRanked(
            **_named("introductions/m0001"),
            member="m0001",
            model="minilm-int8-1",
            pairs=(Pair(one="m0007", other="m0023", score=0.125, evidence=_evidence()[:1]),),
        ),
        OpportunityHeld(
            **_named("held/1101"),
            post="1101",
            channel="greenhouse",
            kind=Kind.REPLY,
            published=AT - timedelta(hours=2),
            share=0.1,
        ),
        WeekDrawn(**_named("week/2026-W11/drawn"), week="2026-W11", asking=False, share=0.25),
    ]
