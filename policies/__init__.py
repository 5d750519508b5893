"""The default policies, the schema that says what a policy can speak of, and examples."""
