"""The page: today's state of the loop, its exceptions, and every bill's history, served on this machine."""
