"""HTTP: connections, identification of AWS calls, AWS's errors, the record of calls, input to the control."""
