"""Pages that are made from the code say what the code says."""

import pytest

from deploy.write_docs import DOCS, PAGES


@pytest.mark.parametrize("page", PAGES)
def test_a_made_page_is_current(page: str) -> None:
    """Whoever changes a setting, an event or a metric makes its page again: `make docs`."""
    assert (DOCS / page).read_text(encoding="utf-8") == PAGES[page](), "it is old: run `make docs`"
