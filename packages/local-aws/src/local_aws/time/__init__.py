"""The one time, letting it pass, and having moto live by it."""
