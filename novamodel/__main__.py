"""`python -m novamodel` is the command line."""

from novamodel.cli import main

raise SystemExit(main())
