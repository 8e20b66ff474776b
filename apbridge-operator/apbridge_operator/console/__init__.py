"""The page: today's state of the loop, its exceptions, and every bill's story, served on this machine."""
