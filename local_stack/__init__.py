"""Drawbridge's stack on the local AWS, for the demo, the benchmark and the system tests."""
