"""Retention: days leave through an archive that proves itself, keys die on schedule."""
