"""CloudTrail's events on the event bus."""
