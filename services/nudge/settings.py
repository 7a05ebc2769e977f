"""What operators may set for nudging; unsafe values stop the start with a sentence that names the setting."""

from datetime import time, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from shared.events import Kind, Role, Weekday, WorkingHours
from shared.limits import Address, LocalTime, Secret

Hours = Annotated[float, Field(gt=0, le=24 * 365)]
Days = Annotated[int, Field(ge=1, le=3650)]
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
    late_half_life_hours: Hours = Field(
        6, description="an answer that comes a day after the post or later is worth half after each so many hours more"
    )
    welcome_worth: float = Field(1.3, gt=0, le=10, description="so many answers is one to somebody's first post worth")
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
    learn_from_asks: bool = Field(
        True, description="whether asks go by who replied to earlier ones; a backtest, whose asks nobody gets, does not"
    )
    explore_share: float = Field(
        0.05, ge=0, le=1, description="share of posts for which it is drawn whom to ask, so that the log can tell more"
    )
    opportunity_hours: Hours = Field(72, description="hours after the post when asking about it ends")
    ask_stands_hours: Hours = Field(24, description="hours that one ask stands before the next person is asked")
    people_per_post: int = Field(3, ge=1, le=20, description="people asked about one post, one after the other")

    ladder: bool = Field(True, description="whether members are asked before champions, and champions before leaders")
    ladder_lead: float = Field(
        2, ge=1, le=100, description="who is worth so many times as much as all below them is asked before their turn"
    )
    leader_weight: float = Field(
        1.2, ge=0.1, le=10, description="so many answers is a leader's worth to a first post; to others less of it"
    )
    ask_members: bool = Field(False, description="whether people without a role are asked too")
    weekly_asks_member: Asks = Field(3, description="asks in 7 x 24 h for members who set nothing else")
    weekly_asks_champion: Asks = Field(5, description="asks in 7 x 24 h for champions who set nothing else")
    weekly_asks_leader: Asks = Field(3, description="asks in 7 x 24 h for leaders who set nothing else")
    weekly_asks_cap: Asks = Field(10, description="asks in 7 x 24 h that nobody's own setting can exceed")
    work_starts: LocalTime = Field(time(9), description="local time from which members with a known zone are asked")
    work_ends: LocalTime = Field(time(17), description="local time from which they are not asked any more")
    work_weekdays: tuple[Weekday, ...] = Field((0, 1, 2, 3, 4), description="days on which they are asked, Monday is 0")
    later_hours: Hours = Field(24, description="hours that `later` hides a nudge where no time is given")

    excerpt_characters: int = Field(280, ge=0, le=5000, description="characters of a post that the inbox shows")
    keep_days: Days = Field(90, description="days that closed opportunities and nudges are kept")

    public_url: Address = Field("http://127.0.0.1:8083", description="address of the pages as members reach them")
    ingest_url: Address = Field("http://127.0.0.1:8081", description="address of ingest, where presses are posted")
    ingest_timeout_seconds: float = Field(5, gt=0, le=600, description="seconds after which ingest counts as away")
    answer_wait_seconds: float = Field(
        2, ge=0, le=30, description="seconds that a page waits for a press to come through"
    )
    guard_hours: Hours = Field(1, description="hours that a press holds back what the inbox shows, at most")
    link_days: Days = Field(30, description="days that a signed link to the inbox is valid")
    service_key: Secret = Field(
        SecretStr(""), description="key for ingest and for callers of the nudges API: 32 characters or more"
    )
    link_secret: Secret = Field(SecretStr(""), description="secret that signs the links: 32 characters or more")

    @field_validator("work_weekdays")
    @classmethod
    def _some_day(cls, days: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        if not days:
            raise ValueError("must name a day at least, or nobody with a known zone is ever asked")
        return tuple(sorted(set(days)))

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.opportunity_hours < self.oldest_post_hours:
            raise ValueError("opportunity_hours must not be less than oldest_post_hours: it would end before it opens")
        if self.opportunity_hours <= max(self.reply_wait_hours, self.welcome_wait_hours):
            raise ValueError("opportunity_hours must exceed reply_wait_hours and welcome_wait_hours")
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

    def patience_hours(self, kind: Kind) -> float:
        """Give how many hours of a post's silence weigh as much as one ask."""
        return self.welcome_patience_hours if kind is Kind.WELCOME else self.reply_patience_hours

    def wait_hours(self, kind: Kind) -> float:
        """Give how many hours a post waits of which nothing is known."""
        return self.welcome_wait_hours if kind is Kind.WELCOME else self.reply_wait_hours

    def default_hours(self) -> WorkingHours:
        """Give the hours of members with a known zone who set none."""
        return WorkingHours(start=self.work_starts, end=self.work_ends, weekdays=self.work_weekdays)

    @property
    def oldest_post(self) -> timedelta:
        return timedelta(hours=self.oldest_post_hours)

    @property
    def opportunity(self) -> timedelta:
        return timedelta(hours=self.opportunity_hours)

    @property
    def ask_stands(self) -> timedelta:
        return timedelta(hours=self.ask_stands_hours)
