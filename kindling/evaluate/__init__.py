"""Evaluating an archive: what recommend would have said, beside what people really did and simple rules."""
