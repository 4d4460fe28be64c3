"""Every English string of the menu of a set."""

from typing import Final

from workbench.language.pages import speak

WORDS: Final = {
    "open": "More for this set: rename, copy, archive, licence, delete",
    "title": "Clip sets",
    "close": "Close",
    "rename": "Rename",
    "renameLabel": "Name of this set",
    "copy": "Duplicate",
    "copyLabel": "Name of the copy",
    "copyHint": "The copy has the same clips, labels and words, and no runs.",
    "licence": "Keep",
    "licenceLabel": "Licence of the clips",
    "licenceHint": "For instance CC-BY-4.0: it goes along with a published model; without it none is made public.",
    "archive": "Archive “{name}”",
    "archiveHint": "An archived set leaves the chooser and takes no new clips or runs until it is brought back.",
    "remove": "Delete “{name}”",
    "removeSure": "Delete the set “{name}” with all its clips and labels? You can bring it back for a week.",
    "archived": "Archived sets",
    "noneArchived": "No set is archived.",
    "back": "Bring back",
    "clips": "{n} clips",
}
COPY_OF: Final = "{name} copy"
RENAMED: Final = "The set is called “{name}” from now on; its clips, labels and runs are as they were."
COPIED: Final = "The set “{name}” is a copy with {clips}; it is shown now."
ARCHIVED: Final = "The set “{name}” is archived; it waits under ⋯ beside the chooser."
BROUGHT_BACK: Final = "The set “{name}” is back from the archive and shown."
LICENCE_KEPT: Final = "The clips of “{name}” are under {licence}."
LICENCE_UNKNOWN: Final = "The licence of the clips of “{name}” is unknown again."
SET_ARCHIVED: Final = "The set “{name}” is archived; bring it back under ⋯ beside the chooser."

speak(__name__)
