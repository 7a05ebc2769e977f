from hypothesis import given
from hypothesis import strategies as st

from services.recommend.text import TERM_CHARACTERS, tokenise


def test_words_are_lower_cased_and_cut_at_what_is_no_word() -> None:
    """The same word is found again however it was written and whatever stood beside it."""
    assert tokenise("Slicer's VOLUME, volume: 3D-view_x!") == ["slicer", "s", "volume", "volume", "3d", "view_x"]


def test_other_alphabets_are_cut_into_words_too() -> None:
    """Words keep their accents and vowel signs, in whatever script."""
    assert tokenise("Übergröße für Straßen") == ["übergrösse", "für", "strassen"]
    assert tokenise("привет, мир") == ["привет", "мир"]
    assert tokenise("हिन्दी भाषा") == ["हिन्दी", "भाषा"]
    assert tokenise("안녕하세요 세계") == ["안녕하세요", "세계"]


def test_scripts_without_spaces_give_pairs_of_characters() -> None:
    """A word inside a sentence without spaces can be found: its pairs are terms."""
    assert tokenise("機械学習とAI") == ["機械", "械学", "学習", "習と", "ai"]
    assert tokenise("猫") == ["猫"]


@given(st.text(max_size=300))
def test_any_text_gives_short_terms_and_the_same_ones_again(text: str) -> None:
    """No text breaks the cutting, and no pasted data makes a long term."""
    terms = tokenise(text)
    assert all(0 < len(term) <= TERM_CHARACTERS for term in terms)
    assert terms == tokenise(text)
