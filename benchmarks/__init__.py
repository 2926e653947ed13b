"""How fast Pleura is beside what one would do instead, and beside what the machine allows: ``make bench``."""
