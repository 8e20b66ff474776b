"""The RESTlet of `suitescript/`: what this library expects of it."""

VERSION = "1.2.0"
"""As the script says it; a test compares both."""
