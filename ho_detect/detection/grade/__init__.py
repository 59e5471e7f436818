"""Lesions and joints to what is said of each hip."""
