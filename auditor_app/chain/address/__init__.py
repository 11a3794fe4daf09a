"""Addresses decoded to the bytes they stand for, and the question which public key alone controls them.

One file per group of chains; :data:`auditor_app.chain.address.networks.NETWORKS` has one line per chain.
"""
