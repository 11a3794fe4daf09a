"""What the machine code is made of: functions for Numba, imported only where they are compiled.

Every exported function takes and returns 64-bit integers, addresses among them, and calls nothing outside itself: no
allocation, no interpreter, no exception. Whoever calls answers for bounds.
"""
