"""The operators' command line: trying, explaining and applying policies and bindings; consumers; approvals."""
