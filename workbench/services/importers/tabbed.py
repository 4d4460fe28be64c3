"""Azure's custom speech: trans.txt with a line `file<TAB>text` for each sound, UTF-8, no header.

https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
"""

from pathlib import PurePosixPath

from workbench.core.text.clean import clean_name
from workbench.services.importers.candidates import AUDIO_SUFFIXES, Candidate, ImportScan, Refused, text_of
from workbench.services.importers.lines import Line, first_line, read_lines
from workbench.services.importers.sources import Place


def recognise(place: Place) -> list[str]:
    """Text files, of the top folder, whose first line is a sound's file, a tab and a text."""
    names = [name for name in place.named(".txt", ".tsv") if place.chosen or "/" not in name]
    return [name for name in names if _is_pair(first_line(place.path(name))) and not place.labels_a_sound(name)]


def _is_pair(line: str) -> bool:
    file, tab, _ = line.partition("\t")
    return bool(tab) and PurePosixPath(file.strip()).suffix.lower() in AUDIO_SUFFIXES


def read(place: Place, name: str, reading: ImportScan) -> None:
    table = PurePosixPath(name).name
    for line in read_lines(place.path(name), table):
        if not isinstance(line, Line):
            reading.rejected.append(line)
            continue
        written, tab, text = line.text.partition("\t")
        written = written.strip()
        try:
            if not tab:
                raise Refused("no tab between file and text", "write the sound's file, a tab, and what is said in it")
            if not written:
                raise Refused("names no sound", "write the sound's file before the tab")
            if "\t" in text:
                raise Refused("more than one tab", "write one tab between file and text, and none in the text")
            path, label = place.locate(written, name), text_of({"text": text})
        except Refused as refused:
            reading.reject(written if tab and written else table, line.number, refused.reason, refused.remedy)
        else:
            called = clean_name(PurePosixPath(written.replace("\\", "/")).name)
            reading.candidates.append(Candidate(path, clean_name(written), called, line.number, label))
