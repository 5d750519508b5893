"""What the definition promises to do at each of our errors."""

from __future__ import annotations

import inspect
import re

from drawbridge import errors

OUR_ERRORS = {
    name
    for name, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, errors.DrawbridgeError) and each is not errors.DrawbridgeError
}
PROMISES = dict(re.findall(r"^\s*\+ (\w+)\s+(retried|never retried)", errors.__doc__ or "", re.MULTILINE))
