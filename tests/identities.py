"""Identities in what the tests of the command line put in, and how they would show in what comes out."""

import re

UID = "1.2.826.0.1.3680043.8.498"
IDENTITY = re.compile(r"(?i)secret|20200102|1\.2\.826")
