"""Parameter Store, in memory."""

from drawbridge.configuration import ConfigurationParameter


class Parameters:
    """Parameters with all their versions, the newest last."""

    def __init__(self, **versions: list[str]) -> None:
        self._versions = versions

    def below(self, path: str) -> list[ConfigurationParameter]:
        return [ConfigurationParameter(name, texts[-1], len(texts)) for name, texts in self._versions.items()]

    def earlier(self, path: str, name: str, *, than: int) -> list[ConfigurationParameter]:
        earlier = self._versions[name][: than - 1]
        return [ConfigurationParameter(name, text, number) for number, text in reversed([*enumerate(earlier, start=1)])]
