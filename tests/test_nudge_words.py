"""How posts are named."""

import pytest

from services.nudge.words import heading


@pytest.mark.parametrize(
    ("title", "excerpt", "expected"),
    [
        ("Tomatoes", "How do I grow them?", "Tomatoes"),
        ("", "How do I grow them?", "How do I grow them?"),
        ("", "word " * 20, "word word word word word word word word word word word word…"),
        ("", "x" * 100, "x" * 60 + "…"),
        ("", "", "A post without a title"),
    ],
)
def test_a_post_has_a_name(title: str, excerpt: str, expected: str) -> None:
    """A title, or the first words, or a word for what has neither; never longer than a line."""
    assert heading(title, excerpt) == expected
