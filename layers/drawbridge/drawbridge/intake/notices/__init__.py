"""Notices: consumers are told what became of their connections and shares."""
