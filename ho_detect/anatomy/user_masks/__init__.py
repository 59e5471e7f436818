"""Masks of bone and muscle that the user supplies."""
