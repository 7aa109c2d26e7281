"""Formats of transparency logs, bit by bit as their specifications say; nothing here does I/O."""
