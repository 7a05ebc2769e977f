"""What another way of choosing whom to ask would have brought, told from the log of what was decided."""
