"""Replaying the record: every leaf, tile, checkpoint and signature, and a sample of decisions."""
