"""The console: a page that shows what there is on the local AWS, at ``/_local/`` in a browser.

``inventory`` and ``steps`` say what there is, ``page`` lays it out with the templates in ``page/``, ``serving`` are its
routes. What it changes, it changes by the routes of ``control`` and ``slack``.
"""

from __future__ import annotations

from local_aws.console.serving import serve

__all__ = ["serve"]
