"""Once-only: fill a form from what the state already knows."""
