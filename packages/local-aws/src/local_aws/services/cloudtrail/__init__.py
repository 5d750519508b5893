"""CloudTrail: the events of calls that are delivered."""
