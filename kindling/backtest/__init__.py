"""A backtest: what recommend and nudge would have asked of whom on an archive, beside what really happened."""
