"""Doing it: child processes, time left, messages."""
