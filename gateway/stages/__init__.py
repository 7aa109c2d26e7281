"""The stages, in the order the law needs."""
