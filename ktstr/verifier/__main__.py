"""`python -m ktstr.verifier`: what the nox session `verifier` runs."""

import sys

from ktstr.verifier.command import main

if __name__ == "__main__":  # the sweep's processes import this module, too
    sys.exit(main(sys.argv[1:]))
