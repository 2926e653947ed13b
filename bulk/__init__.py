"""Many radiographs at once: which files, the loop over them, what is kept about a run."""
