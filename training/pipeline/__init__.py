"""Makes weights from free data, in the manner of the bundled ones: teachers, pseudo-labels, students."""
