"""Witnesses: strangers who confirm that our log only grows, and we who confirm others' logs."""
