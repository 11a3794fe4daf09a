"""Dialogs, all shown with open()."""
