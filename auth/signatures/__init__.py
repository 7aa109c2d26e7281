"""Signed messages: requests that nobody can disown, and answers that nobody can alter."""
