"""One decision of nudge in words, for an operator who wants to know why."""
