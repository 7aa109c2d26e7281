"""The side that asks: a system's token, its proof of possession, its questions; plain HTTP."""
