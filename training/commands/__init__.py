"""The training room's commands: importing them loads neither torch nor anything else that takes time."""
