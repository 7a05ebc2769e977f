"""The built-in world: an invented community whose parameters are fitted to an archive."""
