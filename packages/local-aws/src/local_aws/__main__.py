"""``python -m local_aws``: serve the local AWS."""

import sys

from local_aws.command import main

if __name__ == "__main__":
    sys.exit(main())
