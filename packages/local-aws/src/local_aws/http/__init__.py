"""Requests and answers: connections, which AWS call it is, AWS's errors, the record of calls, what control reads."""
