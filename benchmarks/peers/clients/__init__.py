"""How somebody reads with each client; run by the Python of its own environment."""
