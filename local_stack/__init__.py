"""Drawbridge on the local AWS: the stack as the demo, the benchmark and the tests of the system have it."""
