"""How well a mask agrees with the ground truth."""
