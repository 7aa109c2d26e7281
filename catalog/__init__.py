"""What may be asked for, by whom, for what, on which ground."""
