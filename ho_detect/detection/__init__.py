"""Masks and joints to lesions, what was set aside, and what is said of each hip."""
