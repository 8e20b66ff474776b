"""Lets a Python program trust what this machine's administrator trusts, beside it and not in it.

`requests` asks the environment whose certificates to trust, but not for a request that was prepared first.
Python runs this file at the start of every program whose PYTHONPATH has this folder.
"""

import os

import certifi

certifi.where = lambda: os.environ["SSL_CERT_FILE"]
