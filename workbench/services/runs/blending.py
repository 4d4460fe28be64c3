"""How much of what a training learned is kept: chosen on its dev clips and on general speech, judged by the test clips.

Each training of a run chooses for itself, on its own dev clips, so that no test clip has a part in what it judges. The
model that is delivered after folds takes what their dev clips say together, as it takes their median of updates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from torch import Tensor

from workbench.asr.training.blending import blended
from workbench.asr.training.trainer import TrainingOutcome, copy_state, restore_state
from workbench.core.evaluation.blend import AS_TRAINED, SHARES, BlendCurve, Point, Sample, pooled
from workbench.core.evaluation.scoring import Evaluation, evaluate
from workbench.core.text.ruler import choose_ruler
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.language.said import say
from workbench.services.jobs.stop import StopRequested
from workbench.services.runs.arm import Arm
from workbench.services.runs.context import RunContext
from workbench.services.runs.records import Learned

State = Mapping[str, Tensor]  # what learns, by name


class Blending:
    """The blends of one run.

    Attributes:
        heard: Lengths of the clips that blended models wrote down.
    """

    def __init__(self, context: RunContext) -> None:
        self.context, self.run = context, context.run
        self.heard: list[Seconds] = []

    def settle(self, arm: Arm, start: State, dev: Sequence[int], outcome: TrainingOutcome) -> Learned:
        """Let the model, which a training left in its best state, be the blend that the settings ask for.

        Args:
            start: The weights that training began with.
            dev: The training's dev clips.
        """
        dev = [i for i in dev if i in arm.examples]
        chooses = arm.config.blend is None and bool(self.context.general.steer)
        if chooses and (outcome.best_step == 0 or outcome.stopped):
            self.run.progress.leave_out("blending", len(SHARES) * (len(dev) + len(self.context.general.steer)))
        if outcome.best_step == 0:
            return Learned(outcome, 0.0)
        if not chooses:
            return self.keep(arm, start, outcome)
        if outcome.stopped:
            return Learned(outcome)
        adapted = copy_state(self.run.backend)
        try:
            curve = self._curve(arm, start, adapted, dev)
        except StopRequested:
            restore_state(self.run.backend, adapted)
            return Learned(replace(outcome, stopped=True))
        self._blend(start, adapted, curve.recommended.share)
        return Learned(outcome, curve.recommended.share, curve)

    def settle_delivered(self, arm: Arm, start: State, outcome: TrainingOutcome, folds: Sequence[Learned]) -> Learned:
        """The same of the model that is delivered after folds, which has no dev clips of its own."""
        curves = [learned.curve for learned in folds if learned.curve]
        return self.keep(arm, start, outcome, pooled(curves) if curves else None)

    def keep(self, arm: Arm, start: State, outcome: TrainingOutcome, curve: BlendCurve | None = None) -> Learned:
        """Let the model keep the share that a curve recommends, else what the settings say, else all of it."""
        said = AS_TRAINED if arm.config.blend is None else arm.config.blend
        share = curve.recommended.share if curve else said
        if share != AS_TRAINED:
            self._blend(start, copy_state(self.run.backend), share)
        return Learned(outcome, share, curve)

    def _blend(self, start: State, adapted: State, share: float) -> None:
        rows = len(self.context.new_characters)
        restore_state(self.run.backend, blended(start, adapted, share, new_rows=rows))

    def _curve(self, arm: Arm, start: State, adapted: State, dev: Sequence[int]) -> BlendCurve:
        """Every point heard.

        Raises:
            StopRequested: The user pressed Stop.
        """
        points, domain_base = [], None
        for share in SHARES:
            self._blend(start, adapted, share)
            domain, general = self._hear(arm, dev, share)
            domain_base = domain_base or domain
            points.append(
                Point(share, _errors(domain), _errors(general), sum(c.character_errors for c in domain.clips))
            )
        if self.context.short:  # the base is not what training begins with: it hears in its own window
            domain_base = self._domain(dev, self.context.base_heard)
        assert domain_base
        return BlendCurve(
            Sample.of(domain_base, [self.run.clips[i].speaker for i in dev]),
            Sample.of(self._general(self.context.general.base), [c.speaker for c in self.context.general.steer]),
            tuple(points),
            arm.config.max_forgetting / 100,
        )

    def _hear(self, arm: Arm, dev: Sequence[int], share: float) -> tuple[Evaluation, Evaluation]:
        """Dev clips and general speech with the model as it is; of the base in its own window the latter is known."""
        known = {} if share or self.context.short else self.context.general.base
        clips = [self.run.clips[i] for i in dev] + [c for c in self.context.general.steer if c.id not in known]
        said = say("Listening with {percent:.0f} % of what was learned", percent=100 * share)
        texts = self.run.model.transcribe(clips, arm.hearing, "blending", said)
        self.heard += [clip.n_samples / SAMPLE_RATE for clip in clips]
        return self._domain(dev, texts), self._general({**known, **texts})

    def _domain(self, dev: Sequence[int], texts: Mapping[int, str]) -> Evaluation:
        return evaluate([self.run.clips[i].text for i in dev], [texts[i] for i in dev], self.run.normalizer)

    def _general(self, texts: Mapping[int, str]) -> Evaluation:
        general = self.context.general
        said = [clip.text for clip in general.steer]
        ruler = choose_ruler(said, general.found.language if general.found else None)
        return evaluate(said, [texts[clip.id] for clip in general.steer], ruler.normalizer)


def _errors(found: Evaluation) -> tuple[int, ...]:
    return tuple(clip.errors for clip in found.clips)
