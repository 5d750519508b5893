def main() -> None:
    from drawbridge.decision.policies import SCHEMA_TEXT
    print(len(SCHEMA_TEXT))
