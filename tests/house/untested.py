"""Modules without a test file of their name, and why that is right."""

REASONS: dict[str, str] = {}
