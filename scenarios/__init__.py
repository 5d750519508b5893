"""What people do with Drawbridge on a local AWS: played by the demo, measured by the benchmark, used by tests."""
