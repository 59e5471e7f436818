"""What came of it, on disk."""
