"""The cases, played on the local AWS by people with nothing but the AWS SDK."""
