"""Proof of possession: whoever presents a token shows that it holds the key the token names."""
