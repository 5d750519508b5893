"""Texts from others, and how people are shown them, wherever that is."""

LEGIBLE = [
    ("orders-db, eu (Müller & Söhne) 日本 😀", "orders-db, eu (Müller & Söhne) 日本 😀"),
    ("[red]x[/red] <!channel> C:\\users", "[red]x[/red] <!channel> C:\\users"),
    ("admin\u202egnp.exe", "admin⟨U+202E⟩gnp.exe"),
    ("pay\u200bpal\u2066\ufeff\u00ad", "pay⟨U+200B⟩pal⟨U+2066⟩⟨U+FEFF⟩⟨U+00AD⟩"),
    ("a\nAccount: ours", "a⟨U+000A⟩Account: ours"),
    ("a\u2028\u2029\x1b[2J\x85", "a⟨U+2028⟩⟨U+2029⟩⟨U+001B⟩[2J⟨U+0085⟩"),
    ("a" + " " * 70 + "Account: ours", "a⟨70 spaces⟩Account: ours"),
    (" a ", "⟨space⟩a⟨space⟩"),
    ("a\u00a0\u3000b\u3164\u2800", "a⟨U+00A0⟩⟨U+3000⟩b⟨U+3164⟩⟨U+2800⟩"),
    ("\u0301x", "⟨U+0301⟩x"),
    ("e\u0301", "e⟨U+0301⟩"),
    ("x\u0302\u0302\u0302\u0302\u0302", "x\u0302\u0302\u0302⟨U+0302⟩⟨U+0302⟩"),
    ("\ud800\ue000\U000e0041", "⟨U+D800⟩⟨U+E000⟩⟨U+E0041⟩"),
    ("\\u{202e} ⟨U+202E⟩", "\\u{202e} ⟨U+27E8⟩U+202E⟩"),
    ("", ""),
]
