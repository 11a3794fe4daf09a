"""Reserves against liabilities, asset by asset, and the protection funds apart."""
