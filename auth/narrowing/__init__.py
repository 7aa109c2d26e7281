"""What a token is good for: agreements, whole or narrowed to services and purposes."""
