"""Reading balances at the snapshot's block, one file per kind of endpoint, one line each in :mod:`.table`."""
