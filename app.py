"""Opens the page: `python app.py [--workspace DIR] [--model DIR]… [--models-dir DIR]… [--host H] [--port P]`."""

import argparse
import sys
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.services.workbench import Workbench
from workbench.ui.launch import DEFAULT_PORT, serve


def flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", help="folder that holds clips, labels and runs")
    parser.add_argument("--model", type=Path, action="append", default=[], help="a model's folder; may be repeated")
    parser.add_argument("--models-dir", type=Path, action="append", default=[], help="a folder of model folders")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on")
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    return parser.parse_args()


def main() -> int:
    given = flags()
    try:
        workbench = Workbench.open(given.workspace, model_folders=given.model, model_collections=given.models_dir)
        serve(workbench, host=given.host, port=given.port, open_browser=given.open)
    except WorkbenchError as e:
        print(e, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
