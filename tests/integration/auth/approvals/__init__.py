"""Tests of what takes two people, in a real database."""
