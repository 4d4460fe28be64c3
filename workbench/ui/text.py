"""Every English sentence of the page in one place, so that it can be read as a whole and translated.

The plain word comes first, the technical term stands beside it. Sentences about data come from the services.
"""

from typing import Final

from workbench.language.forms import Forms
from workbench.language.pages import speak

TITLE: Final = "Speech Workbench"
NOTED: Final = "Understood"
UNEXPECTED: Final = (
    "Something unexpected went wrong, and what you just did may not have been saved; the server's log has the details. "
    "Look whether it is there, and try again."
)
DISK_FULL: Final = (
    "This was not done, and nothing of it is saved: the disk is full. Make at least 100 MB free on the disk that holds "
    "the workspace, then try again."
)
WORDS_NOT_KEPT: Final = "{why} Your words stay here and are sent again by themselves; keep this page open."
KEEPER_WORDS: Final = {
    "noAnswer": "The word list is not saved yet: the workbench does not answer. It is sent again; keep this page open.",
    "changed": "The word list was changed elsewhere before yours was saved. Yours was: {text}",
}
OTHER_CLIP: Final = "This was typed for the clip {name}, which is not in this workspace; nothing was changed."
BUSY: Final = (
    "This was not done: another program or window held the workspace for too long. Try again; if it comes again, close "
    "the other one."
)
NOT_DONE: Final = "Not done"
DONE: Final = "Done"
NOTE: Final = "Please note"
EXPERT: Final = "expert"

STEPS: Final = ("Collect", "Adapt", "Compare")
GUIDE_NEXT: Final = "Next"
GUIDE_START: Final = "Start here"
GUIDE_COLLECT: Final = "Add clips"
GUIDE_LABEL: Final = "Label clips"
GUIDE_ADAPT: Final = "Go to Adapt"
GUIDE_COMPARE: Final = "See the result"
GUIDE_NO_CLIPS: Final = "no clips yet"
GUIDE_NO_RUN: Final = "nothing learned yet"
GUIDE_NO_VERDICT: Final = "nothing compared yet"
GUIDE_BAR: Final = "Test clips on the way to enough of them"
GUIDE_LABELLED: Final = Forms("more labelled clip")
GUIDE_NO_SET: Final = "Try the sample clips, or make a set of your own."
GUIDE_EMPTY: Final = "Record or add clips. {start} labelled ones are enough to start, {needed} make a first test set."
GUIDE_TO_START: Final = "{more}, and a first model can learn."
GUIDE_TO_TEST: Final = Forms(
    "{more} makes a first test set. You can adapt already, to see how it goes.",
    "{more} make a first test set. You can adapt already, to see how it goes.",
)
GUIDE_TO_PROVE: Final = (
    "You can adapt now. The model makes {errors} in {tested}: about {more} could prove that half of them are gone."
)
GUIDE_UNCHECKED: Final = "Not labelled yet: {clips}; “{button}” lets the model write them down first."
GUIDE_DRAFTED: Final = "Waiting to be checked and confirmed: {drafts}."
GUIDE_READY: Final = "Choose what may learn, then start adapting; {tested} will judge the result."
GUIDE_WAIT: Final = "The model is learning; the comparison appears by itself. You may close the page."
GUIDE_NO_RESULT: Final = "The last run ended without a result; see why, then start another."
GUIDE_AFTER: Final = {
    "better": "It hears your words better. Listen to what changed, and to what it may have forgotten.",
    "nothing kept": "Nothing of the training was kept. More labelled clips, or letting more blocks learn, may help.",
    "no proof": "Not proven either way: the verdict says what is missing. More labelled clips show smaller gains.",
    "worse": "It got worse. Let less of the model learn, or look through the labels once more.",
}
SET: Final = "Clip set"
NEW_SET: Final = "New set"
SET_NAME: Final = "Name of the new set"
SET_NAME_EXAMPLE: Final = "for instance: ward round, press shop"
LANGUAGE: Final = "Language code (language tag)"
LANGUAGE_INFO: Final = "en, de, chr …; decides how numbers are spelled"
CREATE: Final = "Create"
CANCEL: Final = "Cancel"
SAMPLES_TITLE: Final = "Or take a ready-made sample set, recorded with synthetic voices:"
TRY_SAMPLES: Final = "Try it with sample clips"
SAMPLE_BUTTONS: Final = {"clinic": "Clinic", "workshop": "Workshop", "general": "Everyday"}
LOADING: Final = "loading …"
COMPLETE: Final = "Complete"
QUEUED: Final = "In queue: {position} of {size}"
PAGE_LANGUAGE: Final = "Language of the page"
UNCHECKED_LANGUAGE: Final = "{language} (wording not checked)"
THEME: Final = "Switch between light and dark"
NO_SUCH_SET: Final = "There is no set “{name}” in this workspace; another one is shown."
NO_SET: Final = "Choose or create a clip set first, at the top of the page."

WELCOME_TITLE: Final = "Teach a speech recogniser your words"
WELCOME: Final = (
    "A few dozen short recordings of the words that matter to you are enough to begin. Everything stays on the machine "
    "that serves this page."
)
WELCOME_STEPS: Final = (
    ("Collect", "Record or add clips, and correct what the recogniser wrote."),
    ("Adapt", "Choose what of the model may learn, and start; it takes seconds to minutes."),
    ("Compare", "See the word errors (WER) before and after, and whether the difference is proven."),
)
TRY_SAMPLES_INFO: Final = "New here? Take 160 ready-made clips of a doctor's words, labelled already."
START_OWN_INFO: Final = "Your own words? Name a set; you can record and add files to it right away."
START_OWN: Final = "Start a set of my own"

COLLECT: Final = "Add clips"
UPLOAD: Final = "Add files"
UPLOAD_SHORT: Final = "Drop sounds, texts, folders or a .zip anywhere on this card."
UPLOAD_MORE: Final = "What can be added"
UPLOAD_INFO: Final = (
    "WAV, MP3, M4A, WebM …; longer ones are cut in their pauses into clips of at most 30 s. Labels may come along: "
    "text files of the same name, subtitles, ELAN or Praat files, a list (metadata.csv, manifest.jsonl …); all of it "
    "also as one .zip."
)
CHANNELS: Final = "Each channel is a speaker of its own (stereo)"
TIERS: Final = "Tiers with what was said"
TIERS_INFO: Final = (
    "{file} has several tiers. Choose those whose texts were spoken, not glosses or translations; several where each "
    "speaker has a tier."
)
IMPORT_TIERS: Final = "Import these tiers"
NO_TIER: Final = "Choose at least one tier first."
UPLOAD_GONE: Final = "The files you added were forgotten meanwhile; add them again."
TAKE_ALONG: Final = "Take the texts along"
TAKE_ALONG_INFO: Final = (
    "Clips of one recording come in one file with their times. Subtitles of a run show what the adapted model wrote; "
    "tables and TextGrids hold all three texts."
)
SET_TEXTS: Final = "Labels of this set"
RUN_TEXTS: Final = "{run}: reference, base, adapted"
NO_TEXTS: Final = "No clips yet, so there are no texts to take along."
SPEAKER: Final = "Who speaks (speaker)"
SPEAKER_INFO: Final = "Kept with what you add next"
NO_MICROPHONE: Final = (
    "The browser gives the microphone only to pages on this machine or over HTTPS; add files instead, or open the page "
    "over HTTPS."
)
TAKE_TOO_LARGE: Final = "That take is too large to be a clip; record shorter ones."
RECORDER_WORDS: Final = {
    "record": "Record",
    "stop": "Stop",
    "saving": "Saving …",
    "saved": "Saved: {seconds} s.",
    "savedAs": "Saved as {name} ({seconds} s).",
    "showClip": "Show it in the list",
    "left": "{n} s left",
    "level": "Level",
    "levels": {"quiet": "quiet", "good": "good", "loud": "too loud"},
    "noSet": NO_SET,
    "loading": LOADING,
    "insecure": NO_MICROPHONE,
    "refused": "The browser was not allowed to use the microphone; allow it beside the page's address, then try again.",
    "missing": "No microphone was found; plug one in, then try again.",
    "busy": "Another program holds the microphone; close it, then try again.",
    "gone": "The microphone is gone; plug it in, then try again.",
    "kept": "It is kept here and sent again by itself; keep this page open.",
    "unsent": "Not saved yet: the workbench does not answer. It is tried again; keep this page open.",
    "between": "Refused on the way ({n}) by the server in front of the workbench; its limits have to be raised.",
    "noAnswer": "The workbench does not answer; see whether it still runs, then try again.",
    "readAloud": "Read prompts aloud …",
    "reading": "Read prompts aloud",
    "close": "Close",
    "lines": "Words or sentences, one a line",
    "linesExample": "metoprolol\natrial fibrillation",
    "takeWords": "Take the set's word list ({n})",
    "inSentences": "Put each line into sentences to read",
    "perTerm": "Sentences for each",
    "reader": "Who reads (speaker)",
    "asDrafts": "Keep the prompts as drafts that I check later; else they count as confirmed labels",
    "countIn": "Count 3, 2, 1 before each take",
    "howMuch": "{n} prompts, about {minutes} min",
    "begin": "Start reading",
    "progress": "Prompts read",
    "place": "{n} of {total}",
    "then": "Then: {text}",
    "goOn": "You have read {n} of them before; here is the next one.",
    "beginTake": "● Record (space)",
    "endTake": "■ End (space)",
    "again": "Again (R)",
    "hear": "Hear it (P)",
    "skip": "Skip (→)",
    "keys": "Space begins and ends a take. R reads the last one again, → skips, P plays it, Esc ends a take or closes.",
    "discarded": "That take was dropped; read it when you are ready.",
    "readAgain": "Read it again; the new take replaces the old one.",
    "pressAgain": "R reads it again.",
    "doubt": "“{text}”: {remark}",
    "rereadIt": "Read it again",
    "keepIt": "Keep it as a draft",
    "readSoFar": "{n} of {total} read",
    "allRead": "All read. The clips are in the list.",
    "someSkipped": "{n} skipped",
    "readSkipped": "Read the skipped ones",
    "closeDone": "Done",
}
ADDED: Final = "added"
REJECTED: Final = "Rejected"
WARNED: Final = "Kept, with a warning"
WITHOUT_TEXT: Final = "{sounds} without a text, as usual: let a model draft, or write what is said."
DUPLICATES: Final = "already in the set"
WORDS: Final = "Your words (word list)"
WORDS_COUNTED: Final = "Your words (word list) · {n}"
WORDS_LABEL: Final = "Terms, one per line"
WORDS_INFO: Final = (
    "Names and jargon whose recognition (recall) is counted separately in Compare. How one sounds may stand behind =."
)
WORDS_EXAMPLE: Final = "metoprolol\natrial fibrillation\nQID = cue eye dee"
FAVOUR: Final = "Models favour these words"
FAVOUR_INFO: Final = (
    "While they write drafts and when you try them by voice, without any training; comparisons do without."
)
BIN: Final = "Deleted, can still be brought back"
BIN_CHOICE: Final = "Deleted clip or set"
BIN_EMPTY: Final = "Nothing is in the bin."
BRING_BACK: Final = "Bring back"
ERASE_NOW: Final = "Erase for good now"
ERASE_SURE: Final = "Erase sound, labels and everything heard in it for good, now? This cannot be undone."
CLEANING: Final = "What you delete is erased for good after a week, or at once on request."

LABEL: Final = "Clips and labels"
SHOW: Final = "Show"
FILTERS: Final = {
    "": "All clips",
    "unlabelled": "To do (unlabelled)",
    "drafted": "Drafts to check",
    "confirmed": "Confirmed",
}
ALL_SPEAKERS: Final = "All speakers"
SEARCH: Final = "Search text or file"
DRAFT_MODEL: Final = "Draft with"
DRAFT: Final = Forms("draft")
DRAFT_ALL: Final = "Draft all"
DRAFT_ALL_OF: Final = "Draft all {n}"
STOP_DRAFTS: Final = "Stop"
CONFIRM_DRAFTS: Final = "Confirm all drafts"
CONFIRM_DRAFTS_SURE: Final = (
    "Confirm every draft as it stands, without listening? The model would then learn its own mistakes as if they were "
    "right, and be judged by them. Do this only if you have checked them."
)
YOUR_NAME: Final = "Your name (author)"
YOUR_NAME_INFO: Final = "Kept in the history of each label you change"
SET_PART: Final = "Set part"
SET_PARTS: Final = {
    "": "All parts",
    "train": "Learned from (train)",
    "dev": "Steers (dev)",
    "test": "Judges (test)",
    "none": "Not in any yet",
}
SORT: Final = "Sort by"
ORDERS: Final = {"added": "As added", "uncertain": "Most uncertain draft first", "name": "Name"}
NO_CLIPS: Final = "No clips yet. Record one, add files, or try the sample clips."
NOTHING_TO_UNDO: Final = "There is nothing to undo: this label came with the import, or was never typed."
NO_DRAFT: Final = "There is no draft to confirm."
NO_MATCH: Final = "No clip matches this filter."
NOTHING_TO_CONFIRM: Final = "None of these clips has a text that waits to be confirmed."
CONFIRMED_MANY: Final = "{n} confirmed."
CONFIRMED_LEFT: Final = "{n} confirmed; {left} without a text stay to do."
DELETED_ONE: Final = "{name} is in the bin for a week."
DELETED_MANY: Final = "{n} are in the bin for a week."
GONE_FOR_GOOD: Final = "{n} erased for good."
BY_SPEAKER: Final = "Speaker"
NO_LABEL: Final = "(no label)"
A_CONFIRMED: Final = "confirmed"
SHOWN_CLIPS: Final = "{first} to {last} of {total}"
A_LABEL: Final = Forms("label")
A_LABELLED_CLIP: Final = Forms("labelled clip")
A_DRAFT: Final = Forms("draft")
A_THING: Final = Forms("thing")
AND_MORE: Final = "… and {n} more"
UNDONE_MANY: Final = "{n} as before."

DOCTOR: Final = "Label doctor"
DOCTOR_HAPPY: Final = "Label doctor: nothing looks wrong with {labels}"
DOCTOR_FOUND: Final = "Label doctor: {n} to look at in {labels}"
NOTHING_WRONG: Final = "Numbers, characters, capitals, punctuation, pace, sound and repetitions were looked at."
DEAF: Final = "{model} hears too little of these clips for its drafts to tell anything about the labels."
CHECK_LABELS: Final = "Check the labels"
LET_LISTEN: Final = "Let {model} hear {n}, to find slips and swapped texts"
MENDED: Final = "{n} changed: {title}."
TAKEN_BACK: Final = "{n} as before."
ONLY: Final = "Only {n}: {title}"
ONLY_ONE: Final = "Only {name}; the choices above would hide it."
DOCTOR_SAYS: Final = "Label doctor: "
_LISTEN_AGAIN: Final = "Listen again (take the confirmation back)"
CLIP_REMEDIES: Final = {
    "numbers": "Write the numbers as words",
    "characters": "Write plain characters",
    "case": "Write capitals like most labels",
    "punctuation": "End it like most labels",
    "too-fast": _LISTEN_AGAIN,
    "too-slow": _LISTEN_AGAIN,
    "sound": "Do not use it (take the confirmation back)",
    "far-from-draft": _LISTEN_AGAIN,
    "near-duplicates": "Leave it out (take the confirmation back)",
}
CLIP_REMEDY_GIVES: Final = "{remedy}: “{after}”"
CLIP_CHANGED: Final = "The label of this clip has changed meanwhile, so the remedy does not fit any more."
HEAR_AGAIN: Final = "listen again, then confirm ({title})"
ONE_JUDGES: Final = "One of them is a test clip, by which runs are judged from now on."
SOME_JUDGE: Final = "{n} of them are test clips, by which runs are judged from now on."
ALL_JUDGE: Final = "In a set this small every clip judges in one fold, so runs will be judged by these labels too."
MEND_SURE: Final = (
    "{remedy}: {n}. {judge} Earlier runs keep the labels they had, and every change stays in the history."
)
DOCTOR_WORDS: Final = {
    "look": "Show these clips",
    "back": "Take it back",
    "byHand": "Only a person can mend this.",
}
NOTHING_TO_UNTRIM: Final = "The whole sound is heard already; there is nothing to take back."
TRIM_OVERTOOK: Final = (
    "{author} had trimmed it to {start:.2f} to {end:.2f} s meanwhile. Yours is in use now; ↶ brings theirs back."
)
LIST_WORDS: Final = {
    "everything": "Show all clips",
    "placeholder": "Type what is said …",
    "hint": "Saved as you type. Enter confirms and goes on to the next clip.",
    "play": "Play",
    "pause": "Pause",
    "back": "Back 2 s",
    "speed": "Speed",
    "autoplay": "Autoplay",
    "autoplayLong": "Play the next clip by itself",
    "keys": "Keys",
    "keysKey": "Ctrl /",
    "closeKeys": "Close",
    "keysTitle": "Keys for labelling",
    "keysNote": (
        "They work in the label field and elsewhere in the list, and never write anything. On keyboards whose F keys "
        "do something else, hold Fn, or take the other choice."
    ),
    "keyList": [
        ["Enter", "Confirm the label and go on to the next clip"],
        ["Alt ↓", "Go on to the next clip without confirming"],
        ["Alt ↑", "Go back to the previous clip"],
        ["F8 or Ctrl Space", "Play or pause"],
        ["F7 or Ctrl ,", "Back 2 s, and play on"],
        ["F9 or Ctrl .", "Faster (with Shift slower)"],
        ["F2", "Undo the last thing you did here, also at a clip before"],
        ["Ctrl /", "Show or hide these keys (outside of a field also ?)"],
    ],
    "keysShort": "Enter confirms and goes on, F8 plays, F7 goes back 2 s, F2 undoes, Control slash lists all keys.",
    "unsureNote": (
        "Dotted words: the model was unsure of them (it gave them less than even odds). A word without dots can be "
        "wrong too, and a word that it missed leaves no trace."
    ),
    "unsure": "The model was unsure of: {words}.",
    "unsureCount": "{n} unsure",
    "remove": "Delete",
    "removeLong": "Delete this clip; it can be brought back for a week",
    "label": "What is said (label)",
    "undo": "Undo",
    "undoLong": "Undo the last change of this clip: its label, or its trim",
    "history": "History",
    "historyLong": "All versions of this label",
    "trim": "Trim",
    "trimLong": "Trim the sound: keep a part of it; the whole sound stays",
    "trimTitle": "Which part is to be heard",
    "trimStart": "Start of the part",
    "trimEnd": "End of the part",
    "trimAt": "{at} s of {whole} s",
    "trimPart": "{start} to {end} s: {length} s of {whole} s",
    "trimmed": "Trimmed: {start} to {end} s of {whole} s",
    "trimLoop": "Loop",
    "trimLoopLong": "Play the part between the handles over and over",
    "trimKeep": "Keep this part",
    "trimWhole": "The whole again",
    "trimCancel": "Cancel",
    "trimHint": "Drag the handles, or move them with the arrow keys: 0.05 s a step, with Shift 0.5 s.",
    "trimSaving": "Trimming …",
    "saidTrimmed": "Trimmed to {length} s.",
    "saidWhole": "The whole sound is heard again.",
    "stale": "Its draft was made of another cut of the sound; draft again, or write what is said now.",
    "use": "Use this text",
    "confirm": "Confirm",
    "confirmed": "Confirmed ✓",
    "restore": "Undo delete",
    "erase": "Erase for good now",
    "eraseSure": ERASE_SURE,
    "pages": "Pages of the clip list",
    "previous": "Previous page",
    "next": "Next page",
    "status": {"unlabelled": "to do", "drafted": "draft", "confirmed": "confirmed"},
    "staleDraft": "draft of another cut",
    "edited": "edited, to confirm",
    "editedNote": "The text was changed by hand; it counts once it is confirmed.",
    "noSpeech": "no speech heard",
    "noSpeechNote": "The model heard nobody speak. Listen: write down what is said, or delete the clip.",
    "parts": {"train": "learns (train)", "dev": "steers (dev)", "test": "judges (test)", "fold": "learns and judges"},
    "splits": {
        "train": "Learned from (training set)",
        "dev": "Steers the training, never judged by (development set)",
        "test": "Only judges, never learned from (test set)",
        "fold": "Judges in one fold and learns in the others: the set is small (cross-validation)",
    },
    "pick": "Select",
    "pickPage": "Select all on this page",
    "pickAll": "Select all {n} found",
    "picked": "{n} selected",
    "pickNone": "Clear",
    "confirmPicked": "Confirm selected",
    "confirmPickedSure": (
        "Confirm {n} clips as they stand? The model learns what is confirmed, and is judged by it: do this only if "
        "the texts were checked."
    ),
    "deletePicked": "Delete selected",
    "doctor": DOCTOR_SAYS.strip(),
    "overtook": "{author} changed this label while you were editing. Yours is in use now; theirs is in the history:",
    "meanwhile": "{author} has just changed this label. What you save will take its place; theirs is in the history:",
    "somebody": "Somebody who signs like you ({author})",
    "sentAgain": "{why} Your text stays here and is sent again by itself; keep this page open.",
    "notSent": "{why} Your text stays here; change it, or copy it to where it belongs.",
    "noAnswer": "Not saved yet: the workbench does not answer.",
    "savedAfterAll": "Saved now.",
    "elsewhere": "Not saved yet, and sent again by themselves: labels of {names}. Keep this page open.",
    "takeTheirs": "Take theirs",
    "keepMine": "Keep mine",
    "saidConfirmed": "Confirmed. {shown}.",
    "saidUndone": "Undone.",
    "saidSpeed": "Speed {speed}.",
    "saidEmpty": "Write what is said before you confirm.",
    "saidEnd": "This was the last clip of the list.",
    "saidTyped": "What you typed was taken back.",
    "nothingToUndo": "You have not changed anything here since you opened the page.",
}

ADAPT: Final = "Adapt"
BASE_MODEL: Final = "Base model"
LEFT_OUT: Final = "Not on offer:"
LEFT_OUT_MORE: Final = "and {n} more; they are named where the page was started."
STRATEGY: Final = "What may learn (freezing strategy)"
MORE: Final = "I know what I do"
MORE_TOO: Final = "Freezing strategy, single blocks, step size, everything else; it is chosen for you otherwise."
GOOD_ALREADY: Final = "Is my recogniser good already?"
HOW_LONG: Final = "How long may it learn?"
MORE_INFO: Final = "Filled with what suits this model and this many clips; clear a field to get that back."
EXTEND: Final = "Let the alphabet grow by the labels' new characters"
START: Final = "Start adapting"
START_NEXT: Final = "Start one after it"
CURVE: Final = "Would more clips help? (learning curve)"
CURVE_TITLE: Final = "Would more clips help? (learning curve)"
CURVE_AXIS: Final = "training clips"
CURVE_HINT: Final = (
    "WER (%) on the test clips over the number of training clips: the dots are means of {n} draws (all clips: one), "
    "the line a fitted power law, the band holds it with 80 % confidence. The upright line is where you are."
)
BLEND_TITLE: Final = "How much of it to keep (blend)"
BLEND_SHORT: Final = "{share} kept"
BLEND_KEPT: Final = "{share} of what was learned is kept."
BLEND_POINT: Final = "with {share}: {wer} of the steering clips' words wrong, {general} of the general ones"
BLEND_SENTENCE: Final = (
    "{share} of what was learned is kept: of the words in the steering (dev) clips it takes the wrong ones from {base} "
    "to {wer}, of those in general speech from {before} to {after}."
)
BLEND_WITHOUT_DEV: Final = (
    "{share} of what was learned is kept, the largest share that forgets little enough, as there are no steering (dev) "
    "clips: of the words in general speech it takes the wrong ones from {before} to {after}."
)
BLEND_HINT: Final = (
    "WER (%) on {clips} that steer, upwards, and on {general} of general speech that steer, to the right, for each "
    "share of what was learned. Chosen is the lowest that forgets no more than {points} points (dashed line); the "
    "test clips and the general speech above judge that one alone. Whiskers hold 95 % intervals of the change."
)
BLEND_FOLDS: Final = "Each fold chose for itself: {shares}."
BLEND_OTHER: Final = "Keep another share of it"
BLEND_START: Final = "Make that run"
BLEND_DOMAIN: Final = "▾ fewer errors in your clips"
BLEND_GENERAL: Final = "more errors in general speech ▸"
SWEEP: Final = "Or try several and take the best (sweep)"
SWEEP_TITLE: Final = "What was tried (sweep)"
SWEEP_BY_WEIGHTS: Final = "WER on the steering (dev) clips (%) by weights that learn"
SWEEP_BY_SECONDS: Final = "WER on the steering (dev) clips (%) by seconds"
SWEEP_TABLE: Final = "All {n} arms"
SWEEP_COLUMNS: Final = ("Strategy and rate", "Weights that learn", "Updates", "Time", "WER", "Change, 95 %")
SWEEP_CHOSEN: Final = "taken"
SWEEP_DROPPED: Final = "then dropped"
SWEEP_HINT: Final = (
    "All on the {n} steering (dev) clips, which chose; intervals are of the change from the base (paired bootstrap). "
    "The figures above are of the taken arm alone, on test clips that chose nothing."
)
STOP: Final = "Stop"
STOPPING_NOW: Final = "Stopping …"
CLOSE: Final = "Close"
RESUME: Final = "Resume"
RUN: Final = "Run"
NO_RUNS: Final = "No run yet. Choose what may learn, then start; while it cannot start yet, the form says why."
COMMAND: Final = "The same on the command line"
EXPORT: Final = "Take the model along (a command)"
COPY: Final = "Copy"
COPIED: Final = "Copied"
NOT_HERE_YET: Final = "The blocks are drawn once the model has been downloaded; the run downloads it."
LISTEN_FIRST: Final = "What can the test clips prove?"
NOT_PROVABLE_YET: Final = "What the test clips can prove is known once the base model has heard them."
REHEARSED: Final = (
    "So that less is forgotten, it also hears {n} clips of general speech: {percent} % of what each update learns from."
)
STRATEGY_LABELS: Final = {
    "head": "Head",
    "top-N": "Top {n}",
    "bottom-N": "Bottom {n}",
    "encoder": "Listening",
    "decoder": "Writing",
    "adapters": "Adapters",
    "all-but-features": "All but sound",
    "norms-and-biases": "Norms and biases",
    "lora": "LoRA",
    "full": "Everything",
    "custom": "Choose blocks",
}
PARTS: Final = {
    "nothing": "frozen",
    "all": "learns",
    "norms and biases": "norms and biases learn",
    "low-rank adapters": "frozen, with adapters that learn",
    "language adapters": "frozen, but for the language's adapter",
}
# What learns in a block, as a mark on it that needs no colour; the whole block is filled instead.
PART_MARKS: Final = {"norms and biases": "n", "low-rank adapters": "L", "language adapters": "A"}
STRIP_GROUPS: Final = {
    "sound": "Sound",
    "encoder": "Listening (encoder)",
    "decoder": "Writing (decoder)",
    "head": "Spelling (head)",
}
BLOCK_LABELS: Final = {
    "features": "sound",
    "projection": "bridge",
    "position": "order",
    "embed": "words",
    "adapter": "adapt",
    "head": "head",
}
# What a block that has no number is called in full; the others are known by their group.
BLOCK_NAMES: Final = {
    "features": "sound (features)",
    "projection": "bridge from sound to listening (projection)",
    "position": "sense of order in time (position)",
    "embed": "words (embedding)",
    "adapter": "adapter behind the listening (adapter)",
}
# Names in [brackets] are filled in by the browser.
STRIP_WORDS: Final = {
    "strip": "Blocks of the model, from sound to text; pressed ones learn",
    "how": "Click a block to let it learn or to freeze it; striped blocks stay as they are.",
    "inBlock": "What learns in [name]",
    "weights": "weights",
    "counts": "[k] of [n] blocks learn: [learn] of [all] weights ([share] %).",
    "none": "Nothing would learn: light up at least one block.",
    "offers": {
        "nothing": "nothing (frozen)",
        "all": "all its weights",
        "norms and biases": "norms and biases",
        "low-rank adapters": "low-rank adapters",
        "language adapters": "the language's adapter",
    },
}
STRATEGIES_ALL: Final = "What each of them does"
FACTS: Final = {
    "size": "Size",
    "languages": "Languages",
    "licence": "Licence",
    "where": "Where",
    "speed": "Speed here",
    "good": "Good for",
}
UNKNOWN_FACT: Final = "not stated"
MINUTE: Final = "1 min of speech in about {time} ({how})"
TWO_RUNS: Final = "{run} and {other}"
MEASURED: Final = "measured in {runs}"
MEASURED_BUSY: Final = "measured in {runs}, on a busy machine"
ESTIMATED: Final = "estimated"
NO_SPEED: Final = "known once it has been downloaded"
ABOUT: Final = "about {time}"
TO_THE_VERDICT: Final = "to the verdict"
TIME_MEASURED: Final = "The time is that of {runs} on this machine, for this many clips; learning may end sooner."
TIME_DISTURBED: Final = "Other programs kept the machine busy then; without them it takes less."
TIME_ESTIMATED: Final = (
    "An estimate: no run of this model has been measured on this machine yet, so the time follows from the model's "
    "size and a short test of the processor, and may be a few times off."
)
BRIEF: Final = "{train} clips learn, {test} judge"
BRIEF_FOLDS: Final = "{test} clips in {folds} folds, each tested once"
BRIEF_GUESS: Final = "(estimated)"
AT_MOST: Final = "at most {time}"
NOT_READY: Final = "Cannot start yet; the form above says why."
TIME_BUSY: Final = "The machine is busy with something else right now; while it is, everything takes longer."
RATE_CAP: Final = "The step size (learning rate) may be at most {cap:g} for this model."
PREPARE: Final = "Prepare the next run beside it"
AGAIN: Final = "Fill the form as in {run}"
FILLED: Final = "The form is filled as in {run}; change what you like, then start."
WAITING_FOR: Final = "Waiting for {run}"
OF_SET: Final = " of the set {name}"
AND_OTHERS: Final = " and {n} more"
STOPPING: Final = "Stopping; the best state so far is kept"
LEFT: Final = "about {time} left"
LEFT_OF_RUN: Final = "about {time} left"
LEFT_THERE: Final = "about {time} left there"
TURN_IN: Final = "its turn comes in about {time}"
UPDATES: Final = "updates"
LOSS_CURVE: Final = "Training loss"
WER_CURVE: Final = "WER on the steering (dev) clips"
CURVE_NOW: Final = "{title} by update; now {now}"
CURVE_BEST: Final = ", best {best} at update {step}"
BASE_LINE: Final = "base"
CURVES: Final = "The last training: curves and steering (dev) clips"
WATCHED: Final = "While it learns: the same steering (dev) clips at every check"
FOLD: Final = "fold"
NOW: Final = "Now"
UPDATE: Final = "update"
STARTING: Final = "Starting"
EFFORTS: Final = {"quick": "Quick", "usual": "Usual", "thorough": "Thorough"}
EFFORTS_SAY: Final = {
    "quick": "A first look at whether your clips help at all.",
    "usual": "What most sets need; stops by itself once nothing is gained.",
    "thorough": "Twice as long, for the result that you keep.",
}
SETTING_LABELS: Final = {
    "effort": HOW_LONG,
    "epochs": "Passes over the clips (epochs)",
    "learning_rate": "Step size (learning rate)",
    "batch_clips": "Clips per update (batch)",
    "batch_seconds": "Seconds per update",
    "weight_decay": "Weight decay",
    "warmup_share": "Warm-up share",
    "max_updates": "Most updates",
    "patience": "Patience (early stopping)",
    "time_mask": "Time mask (SpecAugment)",
    "dropout": "Dropout",
    "augment_copies": "Altered copies (augmentation)",
    "folds": "Folds (cross-validation)",
    "window": "Window (Whisper, seconds)",
    "blocks": "Blocks of your choice",
    "lora_rank": "Rank of the adapters (LoRA)",
    "task": "Task (Whisper)",
    "seed": "Seed",
    "language": "Language of the labels",
    "normalizer": "Text rules for scores (normalizer)",
    "general_set": "General speech to check (forgetting)",
    "rehearsal": "Rehearsal (share of general speech)",
    "rehearsal_texts": "Texts of what is rehearsed",
    "pull": "Pull towards the base (L2-SP)",
    "red_line": "Red line (points of WER)",
    "max_forgetting": "Most that may be forgotten (points of WER)",
    "blend": "Share of what was learned (blend)",
    "boost": "Bonus for your words",
    "tracker": "Curves also for (tracker)",
}
STATUS: Final = {
    "queued": "waiting",
    "starting": "starting",
    "running": "running",
    "done": "done",
    "stopped": "stopped",
    "failed": "failed",
    "interrupted": "interrupted",
}
# The same where it stands alone, above the run.
STATUS_NOW: Final = {
    "queued": "Waiting",
    "running": "Running",
    "done": "Done",
    "stopped": "Stopped",
    "failed": "Failed",
    "interrupted": "Interrupted",
}
PHASES: Final = {
    "loading": "Load",
    "prefix": "Listen",
    "healing": "Heal",
    "base": "Base",
    "training": "Learn",
    "blending": "Blend",
    "evaluating": "Test",
    "general": "General",
    "saving": "Save",
}

COMPARE: Final = "Compare"
NO_RESULT: Final = (
    "Nothing to compare yet. After a run, this shows whether the adapted model hears your words better, and how sure "
    "that is."
)
RESULT_PENDING: Final = "The comparison appears when this run has finished."
STILL_SHOWN: Final = "{run} is not done yet. Until it is, this is the comparison of {shown}."
ONE_AGAINST: Final = "{run} against {other}"
SHOWN_INSTEAD: Final = "{run} ended without a comparison. This is the one of {shown}."
BASE: Final = "Base"
ADAPTED: Final = "Adapted"
VERDICTS: Final = {
    "better": "Better",
    "no proof": "No proof",
    "worse": "Worse",
    "nothing kept": "Nothing kept",
}
UNUSABLE: Final = ", but most words are still wrong"
VERDICT_SIGNS: Final = {"better": "▼", "no proof": "○", "worse": "▲", "nothing kept": "="}
FORGETTING: Final = "General speech (forgetting)"
STANDINGS: Final = {
    "forgot": "Forgot too much",
    "maybe forgot": "Perhaps forgot too much",
    "within": "Within the red line",
    "cannot tell": "Cannot tell",
}
STANDING_SIGNS: Final = {"forgot": "▲", "maybe forgot": "△", "within": "✓", "cannot tell": "○"}
NEXT_WRONG: Final = "N goes to the next clip that is still wrong, the worst first, Shift N to the one before."
ALL_TESTED: Final = "All tested clips, most improved first"
WORD_ERRORS: Final = "What goes wrong (error mix)"
WORD_ERRORS_HINT: Final = "Errors in every 100 words that were said. Lower is better; extra words can lift it over 100."
ERROR_KINDS: Final = {
    "wrong": "wrong (substitutions)",
    "missing": "missing (deletions)",
    "extra": "extra (insertions)",
}
ERROR_SHARES: Final = {
    "wrong": "{n} wrong ({share})",
    "missing": "{n} missing ({share})",
    "extra": "{n} extra ({share})",
}
MISTAKES: Final = "Missed and confused most"
MISSED: Final = "Words missed most (left out, or another in their place)"
CONFUSED: Final = "Confusions (said → heard)"
MISTAKE_COLUMNS: Final = ("Word", "Said", "Said → heard", "Listen")
MISTAKES_HINT: Final = "How often, as the “{normalizer}” text rules (normalizer) compare words."
PLAY_CLIP: Final = "Play {name}"
TERM_COLUMNS: Final = ("Term", "Change", "95 % interval", "In training")
TERMS_HINT: Final = (
    "Heard right, of how often it was said (recall), with the 95 % interval (Wilson) of that share; above the one "
    "before, below the one after. “In training” counts how often the model learned from it."
)
BEFORE: Final = "Before (left side)"
AFTER: Final = "After (right side)"
BASE_CHOICE: Final = "Base model"
NORMALIZER: Final = "Text rules (normalizer)"
NORMALIZER_CHOICES: Final = {
    "": "As in the run",
    "english": "English spelling (english)",
    "marks": "Letters and marks (marks)",
    "none": "As written (none)",
}
RESULT_WORDS: Final = {
    "filters": "Show clips",
    "all": "All",
    "improved": "Improved",
    "worse": "Got worse",
    "wrong": "Still wrong",
    "about": {
        "all": "Every tested clip",
        "improved": "Fewer word errors than before; some may be left",
        "worse": "More word errors than before",
        "wrong": "At least one word error afterwards, improved or not",
    },
    "captions": {
        "all": ALL_TESTED,
        "improved": "Improved clips, most improved first",
        "worse": "Clips that got worse, the worst first",
        "wrong": "Clips that are still wrong, the worst first",
    },
    "none": "No clip is in this group.",
    "more": "Show {n} more",
}
LANE_SAID: Final = "Said (reference)"
LANE_SAID_BY: Final = "times by {name}"
LANE_FOLD: Final = "times by the delivered model, text by its fold's"
TIMELINE_WORDS: Final = {
    "play": "Play",
    "pause": "Pause",
    "zoomIn": "Zoom in (key +)",
    "zoomOut": "Zoom out (key −)",
    "fit": "All",
    "fitLabel": "Show the whole clip (key 0)",
    "scale": "Frequency",
    "scales": {"mel": "as heard (mel)", "linear": "even (linear)"},
    "colours": "Colours",
    "maps": {"magma": "glow (magma)", "viridis": "green (viridis)", "paper": "paper (grey)"},
    "picture": "Spectrogram of {name}: time from left to right, frequency from bottom to top, brighter is louder",
    "axis": (
        "Sound and words over time. Plus and minus zoom, 0 shows the whole clip, space plays; within a lane the arrow "
        "keys go from word to word and Enter plays one"
    ),
    "lane": "Words of “{title}” in time",
    "untimed": "Without times: {why}",
    "notYet": "not placed in time yet",
    "working": "Placing the words in time …",
    "missing": "For this run it is not known yet when each word was said.",
    "place": "Place the words in time",
    "again": "Try again",
    "nothing": "nothing",
    "kinds": {
        "said": "",
        "right": "right",
        "wrong": "wrong, “{said}” was said",
        "missing": "missing, was said and not written",
        "extra": "extra, written and not said",
    },
    "key": {
        "wrong": "wrong word (substitution)",
        "missing": "missing (deletion)",
        "extra": "extra (insertion)",
    },
    "hint": "Click a word to hear it, a wrong one is followed by the word that was said; the picture plays from there.",
    "failed": "The picture could not be drawn.",
}
SAID: Final = "Said (reference)"
KEY_WRONG: Final = "wrong word (substitution)"
KEY_MISSING: Final = "missing (deletion)"
KEY_EXTRA: Final = "extra (insertion)"
KEY_ALIKE: Final = "written otherwise, counts as equal"
ALIKE: Final = "said: {said}; counts as equal"
IGNORED: Final = "not counted by the text rules"
SPECTROGRAM: Final = (
    "Log-mel spectrogram of {name}: time from left to right, frequency from bottom to top, brighter is louder"
)

HISTORY: Final = "Runs so far (history)"
HISTORY_HINT: Final = (
    "WER is the share of wrong, missing and extra words on clips that the run did not learn from, from base to "
    "adapted; below it the change in points with its 95 % interval."
)
NO_HISTORY: Final = "No run of this set yet. Each run that you start is listed here with its result."
HISTORY_COLUMNS: Final = {
    "name": "Run",
    "wer": "WER",
    "verdict": "Verdict",
    "acts": "Do",
}
HISTORY_WORDS: Final = {
    "columns": HISTORY_COLUMNS,
    "table": "Runs of this set",
    "pick": "Compare",
    "pickLabel": "Compare {name} with another run",
    "pair": "Compare these two runs",
    "pairHint": "Tick two runs that were tested to compare them with each other.",
    "show": "Show",
    "edit": "More",
    "title": "Name of this run",
    "note": "Note",
    "save": "Save",
    "saved": "Saved",
    "rerun": "Fill the form with its settings (rerun with changes)",
    "report": "Download the report",
    "ownReport": "Choose the report's clips yourself",
    "ownReportHint": "The report shows ten clips picked by a rule, or those ticked here.",
    "ownReportDone": "Download with the ticked clips ({n})",
    "command": COMMAND,
    "remove": "Delete this run",
    "removed": "Deleted, can be brought back until {when}",
    "restore": "Bring back",
    "erase": "Erase for good now",
    "eraseSure": (
        "Erase {name} for good, now? Its adapted model, its figures, the texts that it wrote on the tested clips, its "
        "name and note are lost. The clips and their labels stay."
    ),
    "more": "Show older runs",
    "now": "in Compare now",
    "use": "Use this model from now on",
    "noLonger": "No longer use this model",
    "chart": "WER over the time that each run took",
    "chartKey": (
        "★ the best run · ▼ better · ○ not proven · ▲ worse · = nothing kept. The bar through a run is its 95 % "
        "interval, the dashed line is the base. Click a run to see it."
    ),
    "mark": "Show {name}: {verdict}, WER {wer}, took {took}.",
    "baseLine": "base",
    "signs": {"best": "★", "use": "☆", **VERDICT_SIGNS},
    "units": {"s": "s", "min": "min", "h": "h"},
}
BEST_BY_ITSELF: Final = "The best run: the fewest errors of the runs that have proven better on the same test clips."
BEST_BY_STAR: Final = "The run that somebody chose to use from now on."
RUN_STARRED: Final = (
    "From now on the set goes by {run}: its model writes the drafts and listens for the label doctor. Adapting starts "
    "from its base, {base}."
)
RUN_UNSTARRED: Final = "{run} is no longer used by choice; the set goes by {best}."
NO_BEST_RUN: Final = "its base model, as no run has proven better"
TRIAL_ENDED: Final = "{run} has ended; {best} is still the best run and is shown again. {run} stays in the list."
HISTORY_CLIPS: Final = "{learned} learned, {tested} tested"
HISTORY_TO_COME: Final = "{learned} to learn from, {tested} to be tested"
HISTORY_NOTHING: Final = "nothing learned, nothing tested"
HISTORY_UNFINISHED: Final = "did not finish: nothing kept, nothing tested"
HISTORY_NONE: Final = "none"
RUN_DELETED: Final = "{run} is deleted; it can be brought back for a week, below the list of runs."
RUN_BACK: Final = "{run} is back."
RUN_ERASED: Final = "{run} was erased for good."

BASE_ERROR: Final = Forms("error")
TEST_CLIP: Final = Forms("test clip")
CLIP: Final = Forms("clip")
SOUND: Final = Forms("sound")
WEIGHTS: Final = "{n} weights"
IN_FOLDS: Final = "folds"
TESTED_ONCE: Final = "clips, each tested once"
LEARN: Final = "learn (train)"
STEER: Final = "steer (dev)"
JUDGE: Final = "judge (test)"
NEEDS_NUMBER: Final = "The setting {name} needs a number, not '{value}'."
NTH: Final = "{n} of {of}"
NTH_TRAINING: Final = "training {n} of {of}"
NTH_UPDATE: Final = "update {n} of {of}"
RUN_PROGRESS: Final = "Progress of the run"
HEARD_NOTHING: Final = "nothing"
TOOK: Final = "Took {total} after its start ({parts})."
TOOK_PARTS: Final = {"prefix": "listening once", "training": "learning", "evaluation": "testing"}
LEARNED_FROM: Final = "Learned from {learned}, tested on {tested}."
LEARNED_NOTHING: Final = "The base was tested on {tested}."
OUTCOME: Final = "{verdict}: {base} → {adapted} {measure} ({change} points)."
TO_COMPARISON: Final = "Read the comparison"
CHANGE_SAID: Final = "Change in word error rate {change} points, 95 % interval from {low} to {high}"
FEWER_ERRORS: Final = "fewer errors"
MORE_ERRORS: Final = "more errors"
NO_CHANGE: Final = "no change"
FORGETTING_SAID: Final = (
    "Change in word error rate on general speech {change} points, 95 % interval from {low} to {high}; the red line is "
    "at {line} points"
)
BETTER_THAN_BEFORE: Final = "better than before"
FORGETS_MORE: Final = "forgets more"
RED_LINE: Final = "red line"
CLIPS: Final = "Clips"
WORD: Final = Forms("word")
VERDICT: Final = "Verdict"
POINTS: Final = "points"
MODEL: Final = "Model"
# What stands above each column, and what that means.
FIGURE_COLUMNS: Final = (
    ("WER", "Word error rate"),
    ("CER", "Character error rate"),
    ("Wrong", "Substitutions"),
    ("Missing", "Deletions"),
    ("Extra", "Insertions"),
    ("Raw WER", "Word error rate with case and punctuation as written"),
)
FIGURES: Final = (
    "{words} words in {clips}, compared by the “{normalizer}” text rules (normalizer); {fixed} improved, {broken} got "
    "worse. Word error rate (WER): the share of wrong, missing and extra words (substitutions, deletions and "
    "insertions); character error rate (CER): the same of letters."
)
CHOSEN_CLIP: Final = "Chosen clip, texts"
CHOSEN_SOUND: Final = "Chosen clip"
TRANSCRIPT: Final = "{title} transcript"
ERRORS: Final = "{wrong} wrong · {missing} missing · {extra} extra"
KEY_SAID: Final = "said"
KEY_HEARD: Final = "heard"
KEY_NORMALIZER: Final = "Compared by the “{normalizer}” text rules (normalizer)."
RESULT_COLUMNS: Final = ("Clip", "Speaker", f"{BASE} WER", f"{ADAPTED} WER", "Change")
TERMS: Final = "Your words (terms)"
TERMS_HEARD: Final = "{base} → {adapted} heard right (recall)"
TERMS_SILENT: Final = "In no test clip: {terms}."
TERM_RANGE: Final = "{share} ({low} to {high})"
TERM_SAID: Final = "before {base}, after {adapted}"
GUIDE_STEPS: Final = "Steps"
GUIDE_CONFIRMED: Final = "{n} of {of} confirmed"
DELETED_SET: Final = "{name} ({clips}, deleted {when})"
DELETED_CLIP: Final = "{name} ({seconds} s, set {set}, deleted {when})"
CLIPS_BACK: Final = "Back: {clips}."
CLIPS_ERASED: Final = "Erased for good: {clips}."
SAMPLES_ADDED: Final = "{n} sample clips with labels and a word list are in the set {set}."
SET_IN_BIN: Final = "The set {name} is in the bin for a week."
N_REJECTED: Final = "{n} rejected"
N_MORE: Final = "and {n} more"
WHOLE_SET: Final = "the set"
FILE_LINE: Final = "{file} line {line}"
DRAFTING: Final = "Drafting"
WITH_MODEL: Final = "{doing} with {model}"

# ---- the gate: why a request is not answered ----

NOTHING_HERE: Final = "There is nothing here."
NOT_SO: Final = "This is not how anything here is asked for."
WRONG_HOST: Final = (
    "This workbench does not answer to that name; use its address, or start it with --allowed-host NAME."
)
FOREIGN_SITE: Final = "Requests of other web sites are not answered here."
UNKNOWN_PAGE: Final = "This page is not known here any more; load it again."
TOO_MANY_STREAMS: Final = "Too many connections are open; close other tabs of the workbench."
TOO_MANY_EVENTS: Final = "Too much is waiting to be done at once; try again in a moment."
NOT_AN_EVENT: Final = "This is nothing that the page sends."
TOO_LARGE_EVENT: Final = "More was sent at once than the page ever sends."
NO_UPLOAD: Final = (
    "Files are taken from this page's own uploads only, and these are gone or never were; choose the files again."
)
NOT_AN_UPLOAD: Final = "This is no upload as the page sends them."
UPLOAD_DISK_FULL: Final = (
    "The disk of the server has no room for these files; make room, or send fewer at once. Nothing was added."
)
UPLOAD_TOO_MUCH: Final = "That is more than the {gb} GB that fit into one upload; send fewer files at once."
PAGE_FULL: Final = "This page has sent as much as it may; load it again and go on."
FILE_TOO_LARGE: Final = "One of the files is larger than {mb} MB; cut or compress it, and send it again."
TOO_MANY_FILES: Final = "More than {n:,} files at once; send them in parts, or as one archive."

# ---- signing in ----

LOGIN_PASSWORD: Final = "Password of this workbench"
LOGIN_OPEN: Final = "Open the workbench"
LOGIN_WRONG: Final = "That is not the password."
LOGIN_WRONG_LINK: Final = "This link was used already, or is older than the newest one; the server prints the next."
LOGIN_BY_LINK: Final = "This workbench is opened by the link that it printed where it was started."
LOGIN_TOO_MANY: Final = "Too many tries; wait a quarter of an hour."
LOGIN_NEEDED: Final = "Sign in first: open the workbench's page."

speak(__name__)
