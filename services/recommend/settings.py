"""Settings of recommend: typed, and anything unknown or senseless stops the start."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Days = Annotated[float, Field(gt=0, le=3650, allow_inf_nan=False)]
# Shorter ones would make the whole numbers behind forward decay needlessly long.
HalfLife = Annotated[float, Field(ge=1, le=3650, allow_inf_nan=False)]
Length = Annotated[int, Field(ge=1, le=1000)]

RULES_VERSION = "learned-3"
# Of 384 dimensions, so many are half a gigabyte in Redis.
VECTORS_KEPT = 500_000


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Variant = Literal["onnx-int8", "sentence-transformers"]


class RecommendSettings(_Settings):
    """All settings of recommend."""

    model: str = Field("all-MiniLM-L6-v2", min_length=1, description="sentence-transformers model, by name or folder")
    encoder: Variant = Field(
        "onnx-int8", description="onnx-int8: quantised, on the CPU; sentence-transformers: as it comes, GPU if any"
    )
    second_model: str | None = Field(
        None,
        min_length=1,
        description="a model beside it, to which `kindling encoders change` changes communities, or from which back",
    )
    second_encoder: Variant = Field("onnx-int8", description="as the first: how the second model is run")
    without_encoder: Literal["wait", "embed-anew"] = Field(
        "wait",
        description="a community whose encoder is neither: wait for a process that has it, or make all its vectors "
        "anew by the first, at once, while it stands still",
    )
    cache_dir: Path = Field(Path("~/.cache/kindling/models"), description="where exported models are kept")

    vector_file: Path | None = Field(
        None, description="SQLite file that keeps vectors outside the store, for replays and evaluations; default: none"
    )

    vectors_kept: int = Field(
        500_000,
        ge=1_000,
        description="vectors kept of a community and model; beyond it some are made again when needed",
    )

    train_every_hours: float = Field(
        24.0,
        ge=0,
        le=8760,
        allow_inf_nan=False,
        description="each community's models are trained anew so often; 0: only by `kindling models train`",
    )

    matches: Length = Field(30, description="people per post in MatchesRanked")
    candidates: Length = Field(300, description="people per post who are looked at closely, of all who could answer")
    similar_posts: Length = Field(300, description="most similar answered posts that vote, for words and for meaning")
    query_terms: Length = Field(40, description="rarest words of a post that are searched for")
    dense_kernel: float = Field(14.0, gt=0, le=40, description="k in a near post's vote exp(k * cosine)")
    votes_days: Days = Field(3650.0, description="how old a similar post may be to vote")
    vote_half_life_days: HalfLife = Field(180.0, description="in evidence, a similar post counts half at such an age")
    declined_cosine: float = Field(
        0.5, gt=0, le=1, description="who said of a post that it is not their topic is asked about none as near as this"
    )
    reranked_cosine: float = Field(
        0.8,
        ge=0,
        le=1,
        description="a post that waits is ranked anew when an edit leaves it less near to itself than this",
    )
    evidence_posts: Length = Field(3, description="posts named in one piece of evidence")
    responders_kept_days: Days = Field(90.0, description="how old a post may be for its list to be kept for the doors")

    posts: Length = Field(20, description="posts in each of a member's lists, to answer and to read")
    posts_days: Days = Field(14.0, description="how old a post in a member's list may be")
    posts_every_minutes: float = Field(
        1.0, ge=0, le=1440, description="a member's lists of posts are made anew at most this often"
    )
    posts_offered: Length = Field(5, description="so many of a post's matches have their lists made anew for it")
    posts_alike: float = Field(
        0.3, ge=0, lt=1, description="how much being like a post further up counts against one, in a member's lists"
    )

    peers: Length = Field(10, description="people in a member's list of peers")
    peers_every_days: Days = Field(7.0, description="a member's list of peers is made anew at most this often")
    peers_active_days: Days = Field(90.0, description="who wrote nothing for so long is no peer")
    profile_half_life_days: HalfLife = Field(90.0, description="a post in a profile counts half after so many days")
    peers_close: Length = Field(3, description="who has exchanged so many answers with a member is no news to them")
    introductions: Length = Field(5, description="pairs of people in the list of who might introduce them")

    def fingerprint(self) -> str:
        """Name the rules with these settings: two that rank alike have the same. Eight hexadecimal digits."""
        beside = {
            "model", "encoder", "second_model", "second_encoder", "without_encoder", "cache_dir", "vector_file",
            "vectors_kept", "train_every_hours",
        }  # fmt: skip
        ranking = self.model_dump_json(exclude=beside)
        return hashlib.sha256(f"{RULES_VERSION} {ranking}".encode()).hexdigest()[:8]
