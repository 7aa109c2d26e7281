"""The audit log: append-only, provable, complete."""
