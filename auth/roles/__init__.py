"""Who may do what: grants by two people, reviews, and the last resort."""
