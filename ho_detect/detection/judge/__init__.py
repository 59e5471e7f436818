"""Candidates to kept, undecided and excluded."""
