"""One realistic event of every kind and version as it is on the wire: parsed for ever."""
