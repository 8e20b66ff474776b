"""NetSuite and AvidXchange on your machine."""
