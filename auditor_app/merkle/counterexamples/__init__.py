"""Each limitation of a scheme, shown: made by the scheme's own rule and put through the program's own proof check."""
