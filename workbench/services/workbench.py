"""Everything a page or a terminal needs, opened once: the workspace, the store and the use cases."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.asr.catalog.catalog import Catalog
from workbench.services.clips.levels import Levels
from workbench.services.clips.media import Picturing
from workbench.services.clips.overview import Overviewing
from workbench.services.clips.prompts import Prompting
from workbench.services.clips.sets import Collecting
from workbench.services.clips.shelf import Shelf
from workbench.services.clips.trims import Trimming
from workbench.services.clips.uploads import Uploads
from workbench.services.estimates.duration import Expecting
from workbench.services.exports.pushing import Pushing
from workbench.services.exports.taking import Taking
from workbench.services.exports.transcripts import Transcripts
from workbench.services.inference.drafting import Drafting
from workbench.services.inference.listeners import Listening
from workbench.services.inference.process import ModelProcess
from workbench.services.inference.transcribe import Transcribing
from workbench.services.inference.try_out import Trying
from workbench.services.inference.word_times import Aligning
from workbench.services.jobs.workers import Jobs
from workbench.services.labels.doctor import Doctor
from workbench.services.labels.query import Browsing
from workbench.services.labels.revisions import Labelling
from workbench.services.maintenance.upkeep import Upkeep
from workbench.services.maintenance.watch import Watch
from workbench.services.models.base_models import BaseModels
from workbench.services.models.base_scores import Standings
from workbench.services.models.service import Getting
from workbench.services.results.best import BestRuns
from workbench.services.results.comparison import Comparing
from workbench.services.results.history import History
from workbench.services.results.report import Reporting
from workbench.services.runs.label_checks import LabelChecks
from workbench.services.runs.model_facts import ModelFacts
from workbench.services.runs.plan import Planning
from workbench.services.runs.readiness import Guiding
from workbench.services.runs.service import Adaptation
from workbench.services.storage.reserve import opened_first
from workbench.store.database import Store
from workbench.workspace import Workspace


@dataclass(frozen=True)
class Workbench:
    """The use cases over one workspace; handed to the page's sections and to the command line's verbs."""

    workspace: Workspace
    store: Store
    catalog: Catalog
    collecting: Collecting
    trimming: Trimming
    shelf: Shelf
    prompting: Prompting
    browsing: Browsing
    labelling: Labelling
    base_models: BaseModels
    getting: Getting
    guiding: Guiding
    drafting: Drafting
    transcribing: Transcribing
    model_facts: ModelFacts
    label_checks: LabelChecks
    planning: Planning
    adaptation: Adaptation
    comparing: Comparing
    doctor: Doctor
    picturing: Picturing
    overviewing: Overviewing
    transcripts: Transcripts
    history: History
    best_runs: BestRuns
    reporting: Reporting
    pushing: Pushing
    taking: Taking
    models: ModelProcess
    aligning: Aligning
    listening: Listening
    trying: Trying
    upkeep: Upkeep
    uploads: Uploads
    watch: Watch

    @classmethod
    def open(
        cls,
        root: str | os.PathLike[str] | None = None,
        *,
        model_folders: Sequence[Path] = (),
        model_collections: Sequence[Path] = (),
    ) -> "Workbench":
        """Open a workspace.

        Args:
            root: Its folder; see `Workspace.open`.
            model_folders: Model folders named on the command line.
            model_collections: Folders of model folders.

        Raises:
            WorkbenchError: The folder or the database cannot be opened, or there is no such folder of models.
        """
        workspace = Workspace.open(root)
        store = opened_first(workspace)
        catalog = Catalog(model_folders, model_collections)
        labelling, collecting = Labelling(store), Collecting(workspace, store)
        expecting, standings = Expecting(store, workspace.cache), Standings(store)
        facts, checks = ModelFacts(store, catalog, expecting, standings), LabelChecks(store, catalog, labelling)
        planning = Planning(store, workspace.root, catalog, facts, standings, checks, expecting)
        adaptation = Adaptation(workspace, store, planning, Jobs(workspace, store))
        comparing, models = Comparing(store), ModelProcess(workspace)
        history, levels = History(workspace, store, adaptation, comparing), Levels(workspace)
        best_runs = BestRuns(store, adaptation, history)
        base_models = BaseModels(store, catalog, labelling, expecting, standings, best_runs.of)
        drafting = Drafting(workspace, store, catalog, labelling, models)

        def hear(set_name: str, clip_id: int) -> str:
            return drafting.draft_now(set_name, base_models.drafter(set_name), [clip_id]).get(clip_id, "")

        getting = Getting(catalog, base_models.choose)
        pushing, taking = Pushing(workspace, store), Taking(workspace, store)
        return cls(
            workspace=workspace,
            store=store,
            catalog=catalog,
            collecting=collecting,
            trimming=Trimming(workspace, store),
            shelf=Shelf(workspace, store, collecting),
            prompting=Prompting(store, collecting, hear),
            browsing=Browsing(store),
            labelling=labelling,
            base_models=base_models,
            getting=getting,
            guiding=Guiding(store, collecting, labelling, lambda name: base_models.of_set(name).name),
            drafting=drafting,
            transcribing=Transcribing(workspace, store, catalog, labelling),
            model_facts=facts,
            label_checks=checks,
            planning=planning,
            adaptation=adaptation,
            comparing=comparing,
            doctor=Doctor(store, labelling),
            picturing=Picturing(workspace, store, levels),
            overviewing=Overviewing(store, collecting, labelling, levels),
            transcripts=Transcripts(store),
            history=history,
            best_runs=best_runs,
            reporting=Reporting(workspace, store, comparing),
            pushing=pushing,
            taking=taking,
            models=models,
            aligning=Aligning(workspace, store, adaptation.jobs, models),
            listening=Listening(workspace, store, base_models, models),
            trying=Trying(workspace, collecting, models),
            upkeep=Upkeep(workspace, store, history),
            uploads=Uploads(workspace),
            watch=Watch(store, lambda: (catalog.look(), getting.views(), pushing.views(), taking.views())),
        )

    def close(self) -> None:
        self.overviewing.levels.close()
        self.drafting.close()
        self.models.close()
        self.store.close()
