"""What the reader costs, measured against a server that costs nearly nothing."""
