"""Which records are which that AvidXchange had before us: proposed, decided by people, and linked."""
