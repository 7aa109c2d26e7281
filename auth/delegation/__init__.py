"""Who asks for a token and on whose behalf; what its holder is told of it, and its end."""
