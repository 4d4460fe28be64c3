"""What lies in a folder, an archive, a list or an upload, as candidates for clips: found and named, not yet decoded.

`reading.py` has the way: a `Place` is laid out, surveyed once, and read by the format that recognises what the survey
found. `formats.py` lists the formats; each has a module of its own, and works from a folder, a ZIP archive and uploads.
"""

from workbench.services.importers.candidates import NO_TEXT, NO_TEXT_REMEDY, Candidate, ImportScan, TierChoice
from workbench.services.importers.formats import FORMATS, ImportOptions
from workbench.services.importers.reading import read_path, read_uploads
from workbench.services.importers.survey import WORDS_FILE

__all__ = [
    "FORMATS",
    "NO_TEXT",
    "NO_TEXT_REMEDY",
    "WORDS_FILE",
    "Candidate",
    "ImportOptions",
    "ImportScan",
    "TierChoice",
    "read_path",
    "read_uploads",
]
