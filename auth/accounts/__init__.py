"""Accounts of people, what links them to a sign-on, and the sessions they have open."""
