"""What operators may set for nudging; unsafe values stop the start with a sentence that names the setting."""

from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from services.nudge.words import LANGUAGES
from shared.events import Digest, Role, Weekday, WorkingHours
from shared.limits import ID_BYTES, LONGEST_GAP_HOURS, Address, Language, LocalTime, Secret

Hours = Annotated[float, Field(gt=0, le=24 * 365)]
Days = Annotated[int, Field(ge=1, le=3650)]
Worth = Annotated[float, Field(ge=0, le=10)]
Asks = Annotated[int, Field(ge=0, le=100)]


class NudgeSettings(BaseModel):
    """When to ask, whom and how often; and where the pages are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reply_patience_hours: Hours = Field(
        12, description="so many hours of a post's silence weigh as much as one ask: the more, the longer it waits"
    )
    welcome_patience_hours: Hours = Field(6, description="the same for somebody's first post")
    reply_wait_hours: Hours = Field(2, description="hours that a post waits of which nothing is known yet")
    welcome_wait_hours: Hours = Field(1, description="the same for somebody's first post")
    oldest_post_hours: Hours = Field(48, description="hours: a post older than this opens no opportunity any more")
    round_minutes: float = Field(
        15, gt=0, le=24 * 60, description="posts that fall due within so many minutes are given to people together"
    )
    attention_price: float = Field(
        0.15, ge=0, le=1, description="what the last ask of somebody's week costs, in answers; earlier ones cost less"
    )
    carried_weight: float = Field(
        0,
        ge=0,
        le=1,
        description="so many asks counts a thread in the price of attention that somebody answered unasked in the last "
        "7 x 24 h; all of them at most as many as their week has asks. 0: not at all, and none is noted",
    )
    late_half_life_hours: Hours = Field(
        6, description="an answer that comes a day after the post or later is worth half after each so many hours more"
    )
    welcome_worth: float = Field(1.3, gt=0, le=10, description="so many answers is one to somebody's first post worth")
    welcome_joined_hours: float = Field(
        0,
        ge=0,
        le=24 * 365,
        description="hours after which champions welcome who joined and has written nothing; 0: only first posts are",
    )
    connect_worth: Worth = Field(
        0.5, description="so many answers is it worth that two people meet who might suit each other; 0: not suggested"
    )
    introduce_worth: Worth = Field(
        0.4, description="the same where a champion is asked to bring two people together; 0: nobody is"
    )
    share_worth: Worth = Field(0.4, description="so many answers is queued content worth that is shared; 0: not asked")
    routine_worth: Worth = Field(0.6, description="the same for a routine that is run; communities set their own")
    gather_worth: Worth = Field(0.6, description="the same for a gathering that is hosted")
    gather_days: int = Field(
        0, ge=0, le=365, description="days ahead without a gathering that make somebody be asked to host one; 0: never"
    )
    attend_worth: Worth = Field(0.3, description="so many answers is it worth that somebody attends; 0: not asked")
    attend_days: Days = Field(3, description="days before a gathering from which on people are asked to attend")
    attend_people: int = Field(5, ge=1, le=30, description="people asked to attend one gathering, at most")
    holdout_share: float = Field(
        0,
        ge=0,
        le=0.5,
        description="share of posts left alone at random, to measure what asking adds; 0: nothing is measured",
    )
    holdout_welcome: bool = Field(False, description="whether first posts are among them: newcomers may meet silence")
    holdout_salt: str = Field(
        "holdout", max_length=100, description="another text leaves other posts alone; change it for a new experiment"
    )
    switchback_share: float = Field(
        0,
        ge=0,
        le=0.5,
        description="share of weeks, Monday to Sunday in UTC, drawn at random, in which nobody is asked, to see what "
        "asking adds to all posts together; 0: none. First posts are asked about unless holdout_welcome is set",
    )
    learn_from_asks: bool = Field(
        True, description="whether asks go by who replied to earlier ones; a backtest, whose asks nobody gets, does not"
    )
    explore_share: float = Field(
        0.05, ge=0, le=1, description="share of posts for which it is drawn whom to ask, so that the log can tell more"
    )
    opportunity_hours: Hours = Field(72, description="hours after the post when asking about it ends")
    ask_stands_hours: Hours = Field(24, description="hours that one ask stands before the next person is asked")
    people_per_post: int = Field(3, ge=1, le=20, description="people asked about one post, one after the other")

    # Ladder, reserve
    ladder: bool = Field(True, description="whether members are asked before champions, and champions before leaders")
    ladder_lead: float = Field(
        2, ge=1, le=100, description="who is worth so many times as much as all below them is asked before their turn"
    )
    leader_weight: float = Field(
        1,
        ge=0.1,
        le=10,
        description="a leader's answer to a first post counts as so many, to others as it is their topic",
    )
    reserve_share: float = Field(
        0.2,
        ge=0,
        le=1,
        description="share of somebody's weekly asks that is kept for urgent posts; all but one, at most",
    )
    urgent_worth: float = Field(
        0.9, gt=0, le=10, description="a post is urgent where an answer is worth so many; first posts always are"
    )

    run_by: str = Field("", max_length=200, description="who runs this: people are told before they are first asked")
    contact: str = Field("", max_length=200, description="where people can ask about it: an address or a name")
    contact_hours: Hours = Field(
        24, description="hours after a champion or leader was told of it before they are first asked, unless they agree"
    )
    sensitive_to: str = Field(
        "",
        max_length=ID_BYTES,
        description="id of the one member who is asked about posts of distress, harassment, health or legal trouble "
        "and about reported threads; empty: nobody is",
    )
    sensitive_words: Path | None = Field(
        None, description="TOML file of terms that are added to the word lists of sensitive posts, or taken out of them"
    )

    ask_members: bool = Field(False, description="whether people without a role are asked too")
    weekly_asks_member: Asks = Field(3, description="asks in 7 x 24 h for members who set nothing else")
    weekly_asks_champion: Asks = Field(5, description="asks in 7 x 24 h for champions who set nothing else")
    weekly_asks_leader: Asks = Field(3, description="asks in 7 x 24 h for leaders who set nothing else")
    weekly_asks_cap: Asks = Field(10, description="asks in 7 x 24 h that nobody's own setting can exceed")
    gap_hours: float = Field(
        4,
        ge=0,
        le=LONGEST_GAP_HOURS,
        description="hours between two asks of one person, at least, over all kinds, for members who set nothing else",
    )
    let_go_halves: int = Field(
        4,
        ge=0,
        le=100,
        description="asks in a row that somebody lets go by, a pass counting two, halve how often they are asked, and "
        "as many again once more; 0: never",
    )
    digest_leaders: bool = Field(
        True, description="whether leaders who set nothing else are asked once a week, all at once, in a digest"
    )
    digest_weekday: Weekday = Field(0, description="day of that digest, Monday is 0")
    digest_time: LocalTime = Field(time(9), description="local time of it; it comes within their hours")
    digest_most: int = Field(3, ge=1, le=20, description="things in one digest, at most, each of them an ask")
    work_starts: LocalTime = Field(time(9), description="local time from which members with a known zone are asked")
    work_ends: LocalTime = Field(time(17), description="local time from which they are not asked any more")
    work_weekdays: tuple[Weekday, ...] = Field((0, 1, 2, 3, 4), description="days on which they are asked, Monday is 0")
    later_hours: Hours = Field(24, description="hours that `later` hides a nudge where no time is given")

    language: Language = Field("en", description="language of pages and nudges for members who set none: en or de")
    vary_wording: bool = Field(
        True, description="whether nudges ask in several wordings, and learn which is acted on; or plainly always"
    )
    excerpt_characters: int = Field(280, ge=0, le=5000, description="characters of a post that the inbox shows")
    opening_url: Address | None = Field(
        None,
        description="address of a language model that suggests first lines, OpenAI-compatible, as http://host:8000/v1; "
        "not set: templates do. It is sent titles and excerpts of posts",
    )
    opening_model: str = Field("", max_length=200, description="name of the model there")
    opening_key: SecretStr = Field(SecretStr(""), description="key for it, where it needs one")
    opening_timeout_seconds: float = Field(
        2, gt=0, le=30, description="seconds that a page waits for its lines, before the templates' are shown"
    )
    opening_max_tokens: int = Field(80, ge=10, le=1000, description="tokens of one line, at most")
    opening_per_minute: int = Field(30, ge=1, le=10_000, description="lines asked for in a minute, at most, a replica")
    keep_days: Days = Field(90, description="days that closed opportunities and nudges are kept")

    public_url: Address = Field("http://127.0.0.1:8083", description="address of the pages as members reach them")
    ingest_url: Address = Field("http://127.0.0.1:8081", description="address of ingest, where presses are posted")
    recommend_url: Address = Field(
        "http://127.0.0.1:8082", description="address of recommend, which is asked what it holds of a member"
    )
    recommend_timeout_seconds: float = Field(
        30, gt=0, le=600, description="seconds after which recommend counts as away"
    )
    ingest_timeout_seconds: float = Field(5, gt=0, le=600, description="seconds after which ingest counts as away")
    answer_wait_seconds: float = Field(
        2, ge=0, le=30, description="seconds that a page waits for a press to come through"
    )
    guard_hours: Hours = Field(1, description="hours that a press holds back what the inbox shows, at most")
    link_days: Days = Field(30, description="days that a signed link to the inbox is valid")
    service_key: Secret = Field(
        SecretStr(""),
        description="key for ingest, recommend and callers of the nudges API: 32 characters or more",
    )
    link_secret: Secret = Field(SecretStr(""), description="secret that signs the links: 32 characters or more")

    @field_validator("work_weekdays")
    @classmethod
    def _some_day(cls, days: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        if not days:
            raise ValueError("must name a day at least, or nobody with a known zone is ever asked")
        return tuple(sorted(set(days)))

    @field_validator("sensitive_words")
    @classmethod
    def _is_there(cls, file: Path | None) -> Path | None:
        if file is not None and not file.expanduser().is_file():
            raise ValueError(f"names {file}, which is not there")
        return file

    @field_validator("language")
    @classmethod
    def _spoken(cls, language: str) -> str:
        if language not in LANGUAGES:
            raise ValueError(f"must be one that there are words in: {', '.join(LANGUAGES)}")
        return language

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.opportunity_hours < self.oldest_post_hours:
            raise ValueError("opportunity_hours must not be less than oldest_post_hours: it would end before it opens")
        if self.opportunity_hours <= max(self.reply_wait_hours, self.welcome_wait_hours):
            raise ValueError("opportunity_hours must exceed reply_wait_hours and welcome_wait_hours")
        if self.opening_url is not None and not self.opening_model:
            raise ValueError("opening_url needs opening_model: which model is to be asked there")
        for role in Role:
            if self.default_asks(role) > self.weekly_asks_cap:
                raise ValueError(f"weekly_asks_{role.value} must not exceed weekly_asks_cap")
        return self

    def default_asks(self, role: Role) -> int:
        """Give the asks in 7 x 24 h for people of a role."""
        return {
            Role.MEMBER: self.weekly_asks_member,
            Role.CHAMPION: self.weekly_asks_champion,
            Role.LEADER: self.weekly_asks_leader,
        }[role]

    def posts_only(self) -> Self:
        """Give the settings where nothing but posts is asked about."""
        off = ("connect_worth", "introduce_worth", "share_worth", "routine_worth", "gather_worth", "attend_worth")
        return self.model_copy(update=dict.fromkeys((*off, "welcome_joined_hours"), 0.0))

    def default_hours(self) -> WorkingHours:
        """Give the hours of members with a known zone who set none."""
        return WorkingHours(start=self.work_starts, end=self.work_ends, weekdays=self.work_weekdays)

    def default_digest(self) -> Digest | None:
        """Give the digest of leaders who set nothing; None where they are asked one by one."""
        return Digest(at=self.digest_time, weekdays=(self.digest_weekday,)) if self.digest_leaders else None

    @property
    def oldest_post(self) -> timedelta:
        return timedelta(hours=self.oldest_post_hours)

    @property
    def opportunity(self) -> timedelta:
        return timedelta(hours=self.opportunity_hours)

    @property
    def ask_stands(self) -> timedelta:
        return timedelta(hours=self.ask_stands_hours)
