"""The training commands; importing them loads neither torch nor any other slow module."""
