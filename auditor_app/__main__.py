"""``python -m auditor_app``: the command line alone, without a window."""

import sys

from auditor_app.cli.main import main

sys.exit(main())
