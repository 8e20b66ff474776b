"""Singer tap for accounts payable in NetSuite."""
