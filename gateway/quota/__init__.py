"""How much of an agreement may be used: counted over all workers, never above the limit."""
