"""A ramp of trust: nothing at first, then what a person approves, then by itself; and nobody unprepared."""

from typing import Any

import pytest

from services.nudge.documents import MEMBERS, PROPOSALS, REVIEWED, ProposalState, Reviewed
from services.nudge.manners import MODE
from services.nudge.proposals import standing
from shared.events import (
    CommunityOpened,
    Event,
    Kind,
    MatchDeclined,
    MemberContacted,
    MemberForgotten,
    MemberLeft,
    Mode,
    NudgeIssued,
    NudgeReviewed,
    NudgeWithdrawn,
    PreferencesChanged,
    SettingsChanged,
)
from shared.wire import decode
from tests.golden.examples import AT
from tests.nudging import COMMUNITY, START, Garden, dump, hours, make, people, post, ranked, reply

BEFORE = START - hours(1)


def opened(mode: Mode = Mode.APPROVE, *, consent: bool = False, **settings: Any) -> Garden:
    opening = make(CommunityOpened, BEFORE, name="Garden", mode=mode, asks_consent=consent)
    return Garden([*people(BEFORE), opening], **settings)


def set_to(at: Any, **values: Any) -> Event:
    event: Event = make(SettingsChanged, at, settings={f"nudge.{name}": value for name, value in values.items()})
    return event


def ask(garden: Garden, *names: str, first: bool = False, until: float = 3) -> list[Event]:
    event = post(START)
    garden.step(event, ranked(event, *(names or ("ann", "bob")), first=first))
    return garden.until(START + hours(until))


def asked(out: list[Event]) -> list[str]:
    return [event.member for event in out if isinstance(event, NudgeIssued)]


def contacted(out: list[Event]) -> list[str]:
    return [event.member for event in out if isinstance(event, MemberContacted)]


def reviewed(garden: Garden, at: float, *, approved: bool = True, nudge: str | None = None) -> Event:
    name = nudge or standing(garden.state)[0]
    proposal = garden.documents.get(PROPOSALS, name)
    assert proposal is not None
    event: Event = make(NudgeReviewed, START + hours(at), nudge=name, member=proposal.member, approved=approved)
    return event


# The ramp


def test_a_new_community_starts_in_a_dry_run() -> None:
    """Opened today, it is decided whom to ask, and nobody hears of it or pays for it; by the next turn the next."""
    garden = opened(make(CommunityOpened, BEFORE).mode)
    assert ask(garden, until=1.0) == []
    assert not asked(garden.until(START + hours(80)))
    tried = garden.documents.table(PROPOSALS).values()
    assert [proposal.member for proposal in tried if proposal.dry] == ["ann", "bob"]
    assert all(not garden.state.asks(name) and not garden.state.inbox(name) for name in ("ann", "bob"))


def test_a_community_that_was_opened_before_goes_on_by_itself() -> None:
    """What was written by an earlier release asks as it did: nothing changes by an upgrade."""
    body = (
        '{"specversion":"1.0","id":"opened","source":"test","type":"kindling.CommunityOpened.v1",'
        f'"time":"{AT.isoformat()}","partitionkey":"{COMMUNITY}","data":{{"name":"Garden"}}}}'
    )
    old = decode(body.encode()).event
    assert isinstance(old, CommunityOpened)
    assert (old.mode, old.asks_consent) == (Mode.AUTOPILOT, False)
    garden = Garden([*people(BEFORE), old.model_copy(update={"at": BEFORE})])
    assert asked(ask(garden)) == ["ann"]


def test_an_approved_nudge_goes_and_only_then() -> None:
    """Nobody is asked before somebody approves, and then at once."""
    garden = opened()
    assert not asked(ask(garden))
    assert asked(garden.step(reviewed(garden, 3))) == ["ann"]
    assert garden.documents.get(REVIEWED, Kind.REPLY) == Reviewed(approved=1)
    assert not standing(garden.state)


def test_a_refused_nudge_goes_to_nobody_and_the_next_is_proposed() -> None:
    """Refused once is refused: the same person is not proposed for the post again."""
    garden = opened()
    ask(garden)
    assert not asked(garden.step(reviewed(garden, 3, approved=False)))
    proposal = garden.documents.get(PROPOSALS, standing(garden.state)[0])
    assert proposal is not None
    assert proposal.member == "bob"
    assert garden.documents.get(REVIEWED, Kind.REPLY) == Reviewed(refused=1)


def test_a_word_that_comes_twice_or_too_late_changes_nothing() -> None:
    """Answered meanwhile, the proposal is over, and approving it asks nobody."""
    garden = opened()
    ask(garden)
    word = reviewed(garden, 4)
    garden.step(reply(START + hours(3), "bob"))
    assert not standing(garden.state)
    assert not asked(garden.step(word, word))
    assert garden.documents.get(REVIEWED, Kind.REPLY) is None


@pytest.mark.parametrize("change", ["apart", "left", "without", "none"])
def test_all_bars_are_looked_at_again_when_it_is_approved(change: str) -> None:
    """Between proposal and approval somebody may leave, opt out or keep apart; then they are not asked."""
    garden = opened()
    ask(garden, "ann")
    word = reviewed(garden, 4)
    changes = {
        "apart": make(MatchDeclined, START + hours(3), member="asker", other="ann"),
        "left": make(MemberLeft, START + hours(3), member="ann"),
        "without": make(PreferencesChanged, START + hours(3), member="ann", without=(Kind.REPLY,)),
        "none": make(PreferencesChanged, START + hours(3), member="ann", weekly_asks=0),
    }
    garden.step(changes[change])
    assert not asked(garden.step(word) + garden.until(START + hours(80)))


def test_an_approved_nudge_waits_for_the_hours_of_whom_it_asks() -> None:
    """Approval opens no door at night."""
    garden = opened()
    ask(garden, "ann")
    word = reviewed(garden, 3.5)
    garden.step(make(PreferencesChanged, START + hours(3), member="ann", paused_until=START + hours(20)))
    assert not asked(garden.step(word))
    out = garden.until(START + hours(30))
    assert asked(out) == ["ann"]
    assert out[0].at == START + hours(20)


def test_a_proposal_that_nobody_speaks_to_lapses() -> None:
    """After as long as an ask would stand, the next person is proposed."""
    garden = opened()
    ask(garden)
    first = standing(garden.state)
    garden.until(START + hours(40))
    assert standing(garden.state)
    assert standing(garden.state) != first
    known = garden.documents.get(PROPOSALS, first[0])
    assert known is not None
    assert known.state is ProposalState.LAPSED


def test_each_kind_has_its_own_mode_and_the_later_word_holds() -> None:
    """Welcomes may go by themselves while replies are approved; a word for all kinds later takes both."""
    garden = opened()
    garden.step(set_to(BEFORE, **{"mode.welcome": "autopilot"}))
    assert asked(ask(garden, first=True)) == ["ann"]
    garden = opened()
    garden.step(set_to(BEFORE, **{"mode.welcome": "autopilot"}))
    assert not asked(ask(garden))
    assert asked(garden.step(set_to(START + hours(3), mode="autopilot"))) == ["ann"]


def test_settings_hold_over_how_it_was_opened_in_either_order() -> None:
    """An opening that comes late, or again, does not take back what operators set."""
    opening = make(CommunityOpened, START, mode=Mode.DRY_RUN, asks_consent=False)
    setting = set_to(BEFORE, mode="autopilot")
    for events in ([opening, setting], [setting, opening], [setting, opening, opening]):
        assert asked(ask(Garden([*people(BEFORE), *events]))) == ["ann"]


def test_what_is_no_mode_is_ignored() -> None:
    """A value that no release knows changes nothing."""
    garden = opened()
    garden.step(set_to(BEFORE, mode="full_speed", unheard_of=True))
    assert not asked(ask(garden))
    assert f"{MODE}.reply" != MODE


def test_a_forgotten_member_is_in_no_proposal() -> None:
    """Neither as who would be asked, nor among those who could have been drawn."""
    garden = opened(explore_share=1.0)
    ask(garden, "ann", "bob", "cat")
    garden.step(make(MemberForgotten, START + hours(3), member="ann"))
    kept = "".join(body.decode() for key, body in dump(garden.documents).items() if key.startswith("propos"))
    assert '"ann"' not in kept


# First contact


def test_champions_are_told_first_and_asked_a_day_later() -> None:
    """Who was appointed is asked without their word, but never before they have heard of it for a day."""
    garden = opened(Mode.AUTOPILOT, consent=True)
    out = ask(garden)
    assert contacted(out) == ["ann", "bob"]
    assert not asked(out)
    out = garden.until(START + hours(40))
    assert not contacted(out)
    (issued,) = (event for event in out if isinstance(event, NudgeIssued))
    known = garden.documents.get(MEMBERS, issued.member)
    assert known is not None
    assert known.contacted is not None
    assert issued.at >= known.contacted + hours(24)


def test_who_agrees_is_asked_at_once_and_who_declines_never() -> None:
    """One press says fine, another not for me; what was asked already is taken back."""
    garden = opened(Mode.AUTOPILOT, consent=True)
    ask(garden)
    assert asked(garden.step(make(PreferencesChanged, START + hours(4), member="bob", consent=True))) == ["bob"]
    garden.step(make(PreferencesChanged, START + hours(5), member="ann", consent=False))
    out = garden.step(make(PreferencesChanged, START + hours(6), member="bob", consent=False))
    assert [event.member for event in out if isinstance(event, NudgeWithdrawn)] == ["bob"]
    assert not asked(out + garden.until(START + hours(80)))


def test_members_are_asked_only_once_they_have_agreed() -> None:
    """Without a role nobody is asked however long ago they were told of it."""
    garden = opened(Mode.AUTOPILOT, consent=True, ask_members=True)
    out = ask(garden, "plain")
    assert contacted(out) == ["plain"]
    assert not asked(out + garden.until(START + hours(30)))
    assert asked(garden.step(make(PreferencesChanged, START + hours(31), member="plain", consent=True))) == ["plain"]


def test_nobody_is_told_of_what_they_could_not_be_asked() -> None:
    """Kept apart, or without a role where only roles are asked: no first contact."""
    garden = opened(Mode.AUTOPILOT, consent=True)
    garden.step(make(MatchDeclined, BEFORE, member="ann", other="asker"))
    assert contacted(ask(garden, "ann", "plain", "bob")) == ["bob"]


def test_a_dry_run_tells_nobody() -> None:
    """It shows operators who would be asked, and no member hears of it."""
    garden = opened(Mode.DRY_RUN, consent=True)
    assert ask(garden) == []
    assert standing(garden.state)
    assert not any(member.contacted for member in garden.documents.table(MEMBERS).values())


def test_who_declined_is_not_asked_where_consent_is_given_for_all() -> None:
    """A no holds in every community, whatever it demands."""
    garden = Garden()
    garden.step(make(PreferencesChanged, BEFORE, member="ann", consent=False))
    assert asked(ask(garden)) == ["bob"]
