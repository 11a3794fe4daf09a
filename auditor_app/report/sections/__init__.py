"""The report's sections, one per file: each turns the material into blocks. The order stands in ``contents.py``."""
