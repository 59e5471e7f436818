"""Volumes as grids, runs and components; smoothing and morphology. Knows nothing of hips."""
