"""Numba kernels: arrays and scalars in and out, nothing checked."""
