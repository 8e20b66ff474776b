"""What the NetSuite and AvidXchange plugins share."""
