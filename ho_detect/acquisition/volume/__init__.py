"""One series to one HU volume."""
