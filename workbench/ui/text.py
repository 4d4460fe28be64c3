"""Every English sentence of the page in one place, so that it can be read as a whole and translated.

The plain word comes first, the technical term stands beside it. Sentences about data come from the services.
"""

from typing import Final

TITLE: Final = "Speech Workbench"
TAGLINE: Final = "Teach a speech recogniser your words, and see whether it helped."
UNEXPECTED: Final = "Something unexpected went wrong; the server's log has the details. Your clips and labels are safe."
NOT_DONE: Final = "Not done"
DONE: Final = "Done"
NOTE: Final = "Please note"
EXPERT: Final = "expert"

STEPS: Final = ("Collect", "Label", "Adapt", "Compare")
SET: Final = "Clip set"
SET_INFO: Final = "Clips, labels, words and runs belong to a set."
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
DELETE_SET: Final = "Delete this set"
DELETE_NAMED: Final = "Delete “{name}”"
LOADING: Final = "loading …"
DELETE_SET_SURE: Final = "Delete this set with all its clips and labels? You can bring it back for a week."
THEME: Final = "Switch between light and dark"
NO_SET: Final = "Choose or create a clip set first, at the top of the page."

WELCOME_TITLE: Final = "Start here"
WELCOME: Final = (
    "Bring a few dozen short recordings of the words that matter to you, correct what the recogniser wrote, let it "
    "learn, and compare before with after. About 20 labelled clips make a first honest comparison."
)

COLLECT: Final = "Collect clips"
RECORD: Final = "Record a clip"
UPLOAD: Final = "Add files"
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
BRING_IN: Final = "Record or add files"
SPEAKER: Final = "Who speaks (speaker)"
SPEAKER_INFO: Final = "Kept with what you add next"
NO_MICROPHONE: Final = (
    "The browser gives the microphone only to pages on this machine or over HTTPS; add files instead, or open the page "
    "over HTTPS."
)
ADDED: Final = "added"
REJECTED: Final = "Rejected"
WARNED: Final = "Kept, with a warning"
DUPLICATES: Final = "already in the set"
WORDS: Final = "Word list (terms, one per line)"
WORDS_INFO: Final = "Names and jargon whose recognition (recall) is counted separately in Compare."
WORDS_EXAMPLE: Final = "metoprolol\natrial fibrillation"
BIN: Final = "Deleted, can still be brought back"
BIN_CHOICE: Final = "Deleted clip or set"
BIN_EMPTY: Final = "Nothing is in the bin."
BRING_BACK: Final = "Bring back"
ERASE_NOW: Final = "Erase for good now"
ERASE_SURE: Final = "Erase sound, labels and everything heard in it for good, now? This cannot be undone."
CLEANING: Final = "What you delete is erased for good after a week, or at once on request."

LABEL: Final = "Label"
SHOW: Final = "Show"
FILTERS: Final = {
    "All clips": "",
    "To do (unlabelled)": "unlabelled",
    "Drafts to check": "drafted",
    "Confirmed": "confirmed",
}
ALL_SPEAKERS: Final = "All speakers"
SEARCH: Final = "Search text or file"
DRAFT_MODEL: Final = "Draft with"
DRAFT_ALL: Final = "Draft all"
STOP_DRAFTS: Final = "Stop"
CONFIRM_DRAFTS: Final = "Confirm all drafts"
CONFIRM_DRAFTS_SURE: Final = (
    "Confirm every draft as it stands, without listening? The model would then learn its own mistakes as if they were "
    "right, and be judged by them. Do this only if you have checked them."
)
YOUR_NAME: Final = "Your name (author)"
YOUR_NAME_INFO: Final = "Kept in the history of each label you change"
LABEL_HINT: Final = "Saved as you type. Enter confirms and goes on to the next clip."
WRITES: Final = "Model writes"
NO_CLIPS: Final = "No clips yet. Record one, add files, or try the sample clips."
NOTHING_TO_UNDO: Final = "There is nothing to undo: this label came with the import, or was never typed."
NO_DRAFT: Final = "There is no draft to confirm."
NO_MATCH: Final = "No clip matches this filter."

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
DOCTOR_SAYS: Final = "Label doctor: "
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
LIST_WORDS: Final = {
    "everything": "Show all clips",
    "placeholder": "Type what is said …",
    "play": "Play",
    "remove": "Delete",
    "label": "What is said (label)",
    "undo": "Undo",
    "history": "History",
    "confirm": "Confirm",
    "confirmed": "Confirmed ✓",
    "restore": "Undo delete",
    "erase": "Erase for good now",
    "eraseSure": ERASE_SURE,
    "pages": "Pages of the clip list",
    "previous": "Previous page",
    "next": "Next page",
    "status": {"unlabelled": "to do", "drafted": "draft", "confirmed": "confirmed"},
    "splits": {
        "train": "Learned from (training set)",
        "dev": "Steers the training, never judged by (development set)",
        "test": "Only judges, never learned from (test set)",
    },
}

ADAPT: Final = "Adapt"
BASE_MODEL: Final = "Base model"
BASE_MODEL_INFO: Final = "From the list, or a Hugging Face id: OWNER/NAME"
STRATEGY: Final = "What may learn (freezing strategy)"
MORE: Final = "More settings"
MORE_INFO: Final = "Filled with what suits this model and this many clips; clear a field to get that back."
EXTEND: Final = "Let the alphabet grow by the labels' new characters"
START: Final = "Start adapting"
CURVE: Final = "Would more clips help? (learning curve)"
CURVE_TITLE: Final = "Would more clips help? (learning curve)"
CURVE_AXIS: Final = "training clips"
CURVE_HINT: Final = (
    "WER (%) on the test clips over the number of training clips: the dots are means of {n} draws (all clips: one), "
    "the line a fitted power law, the band holds it with 80 % confidence. The upright line is where you are."
)
SWEEP: Final = "Or try several and take the best (sweep)"
SWEEP_TITLE: Final = "What was tried (sweep)"
SWEEP_BY_WEIGHTS: Final = "WER on dev clips (%) by weights that learn"
SWEEP_BY_SECONDS: Final = "WER on dev clips (%) by seconds"
SWEEP_TABLE: Final = "All {n} arms"
SWEEP_COLUMNS: Final = ("Strategy and rate", "Weights that learn", "Updates", "Time", "WER", "Change, 95 %")
SWEEP_CHOSEN: Final = "taken"
SWEEP_DROPPED: Final = "then dropped"
SWEEP_HINT: Final = (
    "All on the {n} dev clips, which chose; intervals are of the change from the base (paired bootstrap). The figures "
    "above are of the taken arm alone, on test clips that chose nothing."
)
STOP: Final = "Stop"
RESUME: Final = "Resume"
RUN: Final = "Run"
NO_RUNS: Final = "No run yet. Confirm some labels, choose what may learn, then start."
COMMAND: Final = "The same on the command line"
COPY: Final = "Copy"
COPIED: Final = "Copied"
FROZEN: Final = "frozen"
LEARNS: Final = "learns"
NOT_HERE_YET: Final = "The blocks are drawn once the model has been downloaded; the run downloads it."
LISTEN_FIRST: Final = "What can the test clips prove?"
LISTEN_FIRST_INFO: Final = "Lets the base model hear the test clips once; nothing is learned, no label changes."
NOT_PROVABLE_YET: Final = "What the test clips can prove is known once the base model has heard them."
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
CURVES: Final = "The last training: curves and dev clips"
WATCHED: Final = "While it learns: the same dev clips at every check"
FOLD: Final = "fold"
NOW: Final = "Now"
UPDATE: Final = "update"
STARTING: Final = "Starting"
SETTING_LABELS: Final = {
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
    "blocks": "Blocks of your choice",
    "lora_rank": "Rank of the adapters (LoRA)",
    "task": "Task (Whisper)",
    "seed": "Seed",
    "language": "Language of the labels",
    "normalizer": "Text normalizer for scores",
    "general_set": "General speech to check (forgetting)",
    "red_line": "Red line (points of WER)",
}
STATUS: Final = {
    "queued": "waiting",
    "running": "running",
    "done": "done",
    "stopped": "stopped",
    "failed": "failed",
    "interrupted": "interrupted",
}
PHASES: Final = {
    "loading": "Load",
    "prefix": "Listen",
    "base": "Base",
    "training": "Learn",
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
BASE: Final = "Base"
ADAPTED: Final = "Adapted"
VERDICTS: Final = {"better": "Better", "no proof": "No proof", "worse": "Worse"}
UNUSABLE: Final = ", but most words are still wrong"
VERDICT_SIGNS: Final = {"better": "▼", "no proof": "○", "worse": "▲"}
FORGETTING: Final = "General speech (forgetting)"
STANDINGS: Final = {
    "forgot": "Forgot too much",
    "maybe forgot": "Perhaps forgot too much",
    "within": "Within the red line",
    "cannot tell": "Cannot tell",
}
STANDING_SIGNS: Final = {"forgot": "▲", "maybe forgot": "△", "within": "✓", "cannot tell": "○"}
ALL_TESTED: Final = "All tested clips, most improved first"
SAID: Final = "Said (reference)"
KEY_WRONG: Final = "wrong word (substitution)"
KEY_MISSING: Final = "missing (deletion)"
KEY_EXTRA: Final = "extra (insertion)"
SPECTROGRAM: Final = (
    "Log-mel spectrogram of {name}: time from left to right, frequency from bottom to top, brighter is louder"
)
