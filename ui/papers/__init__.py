"""The parts of the pages about an engagement: one file a working paper."""
