"""How unequally something is shared: the Gini coefficient. Pure."""

from collections.abc import Sequence


def gini(counts: Sequence[int], among: int) -> float:
    """Give how unequal counts are among so many people; those who are not counted have nothing.

    0 where all have the same, near 1 where one has everything.
    """
    total = sum(counts)
    if not total:
        return 0.0
    # Ranks from the fewest, where those with none come first and add nothing.
    ranked = sum((among - place) * count for place, count in enumerate(sorted(counts, reverse=True)))
    return max(0.0, 2.0 * ranked / (among * total) - (among + 1) / among)
