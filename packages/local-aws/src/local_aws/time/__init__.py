"""The clock, fast-forwarding it, and moto's time by it."""
