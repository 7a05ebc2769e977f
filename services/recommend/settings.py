"""Settings of recommend: typed, and anything unknown or senseless stops the start."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Weight = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Days = Annotated[float, Field(gt=0, le=3650, allow_inf_nan=False)]
# Shorter ones would make the whole numbers behind forward decay needlessly long.
HalfLife = Annotated[float, Field(ge=1, le=3650, allow_inf_nan=False)]
Length = Annotated[int, Field(ge=1, le=1000)]

RULES_VERSION = "learned-1"
# Of 384 dimensions, so many are half a gigabyte in Redis.
VECTORS_KEPT = 500_000


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PeerWeights(_Settings):
    """What each feature counts in the score of a peer."""

    profile: Weight = Field(1.0, description="of the cosine of both profiles, taken from public channels")
    threads: Weight = Field(0.2, description="of log(1 + threads in which both took part)")


class RecommendSettings(_Settings):
    """All settings of recommend."""

    model: str = Field("all-MiniLM-L6-v2", min_length=1, description="sentence-transformers model, by name or folder")
    encoder: Literal["onnx-int8", "sentence-transformers"] = Field(
        "onnx-int8", description="onnx-int8: quantised, on the CPU; sentence-transformers: as it comes, GPU if any"
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

    matches: Length = Field(30, description="people per post in MatchesRanked")
    candidates: Length = Field(300, description="people per post who are looked at closely, of all who could answer")
    similar_posts: Length = Field(300, description="most similar answered posts that vote, for words and for meaning")
    query_terms: Length = Field(40, description="rarest words of a post that are searched for")
    dense_kernel: float = Field(14.0, gt=0, le=40, description="k in a near post's vote exp(k * cosine)")
    votes_days: Days = Field(3650.0, description="how old a similar post may be to vote")
    vote_half_life_days: HalfLife = Field(180.0, description="in evidence, a similar post counts half at such an age")
    evidence_posts: Length = Field(3, description="posts named in one piece of evidence")
    responders_kept_days: Days = Field(90.0, description="how old a post may be for its list to be kept for the doors")

    posts: Length = Field(20, description="posts in a member's list")
    posts_days: Days = Field(14.0, description="how old a post in a member's list may be")

    peers: Length = Field(10, description="people in a member's list of peers")
    peers_every_days: Days = Field(7.0, description="a member's list of peers is made anew at most this often")
    peers_active_days: Days = Field(90.0, description="who wrote nothing for so long is no peer")
    profile_half_life_days: HalfLife = Field(90.0, description="a post in a profile counts half after so many days")
    peer_weights: PeerWeights = Field(default_factory=PeerWeights, description="of the peers' score")

    def fingerprint(self) -> str:
        """Name the rules with these settings: two that rank alike have the same. Eight hexadecimal digits."""
        ranking = self.model_dump_json(exclude={"model", "encoder", "cache_dir", "vector_file", "vectors_kept"})
        return hashlib.sha256(f"{RULES_VERSION} {ranking}".encode()).hexdigest()[:8]
