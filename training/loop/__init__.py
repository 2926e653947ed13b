"""How a network is trained: recipes, loop, batches, losses, optimisation, run state and log."""
