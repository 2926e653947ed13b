"""Makes the bundled weights from free data: teachers, pseudo-labels, students."""
