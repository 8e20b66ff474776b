"""Trying a profile on a company of AvidXchange, before anybody goes live by it."""
