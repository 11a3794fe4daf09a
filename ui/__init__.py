"""The window: everything Qt, on top of the Qt-free core."""
