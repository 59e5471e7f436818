"""Headers to series, and whether and in which order they are analysed."""
