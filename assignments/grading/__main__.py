"""``python -m grading``: the commands; a Ctrl-C is no traceback, from the imports on."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # until `main` takes it over

from grading.commands import main  # noqa: E402

sys.exit(main())
