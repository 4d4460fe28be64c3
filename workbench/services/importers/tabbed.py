"""Azure's custom speech: trans.txt with a line `file<TAB>text` for each sound, UTF-8, no header.

https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
"""

from pathlib import PurePosixPath

from workbench.core.text.clean import clean_name
from workbench.language.said import say
from workbench.services.importers.candidates import Candidate, ImportScan, Refused, text_of
from workbench.services.importers.lines import read_lines
from workbench.services.importers.place import Place


def recognise(place: Place) -> list[str]:
    """Text files, of the top folder, whose first line is a sound's file, a tab and a text."""
    sheets = [s for s in place.sheets if s.ending in (".txt", ".tsv") and (place.chosen or "/" not in s.name)]
    return [sheet.name for sheet in sheets if sheet.names_a_sound and "\t" in sheet.first and not sheet.is_label]


def read(place: Place, name: str, reading: ImportScan) -> None:
    table = PurePosixPath(name).name
    lines = read_lines(place.path(name), table)
    for line in reading.kept(lines):
        written, tab, text = line.text.partition("\t")
        written = written.strip()
        with reading.refusing(written if tab and written else table, line.number):
            if not tab:
                remedy = say("write the sound's file, a tab, and what is said in it")
                raise Refused(say("no tab between file and text"), remedy)
            if not written:
                raise Refused(say("names no sound"), say("write the sound's file before the tab"))
            if "\t" in text:
                remedy = say("write one tab between file and text, and none in the text")
                raise Refused(say("more than one tab"), remedy)
            called = clean_name(PurePosixPath(written.replace("\\", "/")).name)
            path, label = place.locate(written, name), text_of({"text": text})
            reading.candidates.append(Candidate(path, clean_name(written), called, line.number, label))
