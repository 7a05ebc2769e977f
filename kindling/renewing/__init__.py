"""A new generation of the log, with other partitions or on another transport, once all of the old one was read."""
