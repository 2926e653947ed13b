"""The training commands; importing them loads neither torch nor any other slow module.

Their functions are long because each option of the command line is a parameter with its help.
"""
