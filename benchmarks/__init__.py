"""Speed of Pleura against alternative services and the upper bound of the machine: ``make bench``."""
