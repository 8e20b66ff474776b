"""`make demo`: the loop on the sandbox, both ways, and the proof that both books agree."""
