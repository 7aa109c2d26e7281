"""What opens a live system further: asked for by one person, decided by another."""
