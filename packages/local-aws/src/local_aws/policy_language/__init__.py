"""Policy documents and their evaluation, without moto: ``policies``, ``conditions``, ``patterns``, ``principals``."""
