"""Citizens' grants."""
