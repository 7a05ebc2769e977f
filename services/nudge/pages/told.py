"""What a page says after a button."""

from enum import StrEnum


class Told(StrEnum):
    """What a page says after a button; in the address, so that it says nothing else."""

    TAKEN = "taken"
    ACCEPTED = "accepted"
    CLOSED = "closed"
    UNCLEAR = "unclear"
    TOO_MUCH = "too_much"
    SAVED = "saved"
    REGION = "region"
    DATES = "dates"
    PEOPLE = "people"
    DELEGATE_SELF = "delegate_self"
    DELEGATES_FULL = "delegates_full"
    DELEGATE_DATES = "delegate_dates"
    DELEGATE_OVER = "delegate_over"
    AWAY = "away"
