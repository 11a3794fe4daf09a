"""Makes ``resources/demo`` anew: keys, a made-up world of chains on loopback, and a capture of it by the product itself."""
