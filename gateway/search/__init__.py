"""Finding records: a projection of the log, a language to ask it in, and stories told from it."""
