"""Masks and joints to lesions, what was excluded, and what is said of each hip."""
