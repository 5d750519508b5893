"""The workflows: as people write them (YAML), as they are deployed (JSON), and what makes the one of the other."""
