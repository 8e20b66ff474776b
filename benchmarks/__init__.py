"""What each part costs, measured against a limit or a peer in the same run; README.md says how to read it."""
