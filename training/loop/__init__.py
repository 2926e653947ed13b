"""How a network is trained: recipes, the loop, losses, optimisation, run state and log."""
