"""The demo: an invented learning community at work, and a live view of what Kindling makes of it."""
