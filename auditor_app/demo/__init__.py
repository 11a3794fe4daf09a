"""The demo: a made-up exchange, packed and signed by the product's own issuer commands."""
