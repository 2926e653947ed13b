"""The image and what docker-compose.yml makes of it, on a real engine: `make docker-test`."""
