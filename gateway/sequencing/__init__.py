"""The tree over all records: folds writers' sequences in, signs checkpoints, reads it back."""
