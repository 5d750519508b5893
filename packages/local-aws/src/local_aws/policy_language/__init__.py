"""Policy documents and their evaluation, without moto: patterns, conditions, principals."""
