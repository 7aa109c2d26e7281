"""Tests of what systems prove themselves by."""
