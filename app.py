"""Opens the page: `python app.py [OPTIONS]`, the same as `workbench serve`; `--help` lists the options."""

import sys

from workbench.cli import main

if __name__ == "__main__":
    main(["serve", *sys.argv[1:]])
