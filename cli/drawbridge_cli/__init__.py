"""The operators' command line: policies and consumers, tried and explained before and after they take effect."""
