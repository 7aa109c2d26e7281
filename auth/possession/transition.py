"""While callers move from plain tokens to bound ones; goes away with the last plain token."""

REQUIRED = False  # whether tokens that are bound to nothing are refused
