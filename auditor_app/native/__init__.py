"""Code compiled by Numba on first use: where it is cached, and the few machine words it is built from."""
