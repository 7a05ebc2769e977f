"""What makes a community's vectors. Vectors of two encoders say nothing of each other, and are never compared."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Encoding:
    """Vectors as an encoder's `version` makes them, of so many dimensions."""

    version: str
    dimension: int

    @property
    def encoder(self) -> str:
        """Name the encoder, whatever its build."""
        return encoder_of(self.version)


def encoder_of(version: str) -> str:
    """Name the encoder of a version: its model and variant, without the build that ran it.

    Builds differ in last bits: their vectors are kept apart, and made anew where the build changes, but models that
    were learnt from one rank as well on the other.
    """
    return version.rpartition("/")[0] or version
