"""Contracts with AvidXchange: what differs between two, and one learned from what a customer has."""
