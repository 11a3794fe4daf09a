"""The file room: an engagement as one package, and its re-performance on another machine."""
