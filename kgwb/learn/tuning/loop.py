"""Tuning: BERT, its injector and tasks learn together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kgwb.bert import Bert
from kgwb.bert.tunings import Tuning
from kgwb.citation import list_before
from kgwb.embed.precision import Precision
from kgwb.learn.policies.named import PolicyName
from kgwb.learn.policies.policy import Policy
from kgwb.learn.steps import Step
from kgwb.learn.strategies.named import StrategyName
from kgwb.learn.strategies.strategy import Strategy
from kgwb.learn.tasks import Task
from kgwb.learn.tuning.checkpoint import TuningCheckpoint, describe_tuning, hash_weights
from kgwb.learn.tuning.options import list_tasks
from kgwb.learn.tuning.plan import plan_tuning
from kgwb.learn.tuning.records import note_tuning
from kgwb.learn.tuning.run import TuningRun


def tune(
    bert: Bert | Sequence[Bert],
    tasks: Task | Sequence[Task] | Mapping[str, Task],
    *,
    strategy: StrategyName | Strategy = "together",
    policy: PolicyName | Policy = "partial",
    epochs: int | Sequence[int] | None = None,
    batch: int = 32,
    accumulate: int = 1,
    learning_rate: float = 5e-5,
    warm_up: float = 0.1,
    top_layers: int = 2,
    dropout: bool = False,
    recompute: bool = False,
    precision: Precision = "auto",
    valid: Task | Sequence[Task] | None = None,
    patience: int = 3,
    check_every: int | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 100,
    seed: int = 0,
) -> Iterator[Step]:
    """Train a model on one task or several, a step at a time; stop whenever you like.

    Args:
        bert: the model, plain or injected; its weights learn in place (`copy.deepcopy` keeps an untouched one). For soft
            sharing, a model for each task, with strategy "joint".
        tasks: text (`MaskedWords`, `NextSentences`), as in pre-training, answers (`MaskedAnswers`), as in fine-tuning, a
            `Task` of your own, or several, also by names of your own: {"text": ..., "graph": ...}.
        strategy: with several tasks, "together" takes a batch of each in turn; "sampled" draws whose turn it is
            (`kgwb.learn.Sampled`); "joint" takes a batch of each in every step, L = Σ λ_i L_i (`kgwb.learn.Joint`); "two-stage"
            trains the last one after all the others, in a stage of its own with its own warm-up.
        policy: which weights learn, and how: "partial" (injector, head, top layers), "full", "staged" (from the top down),
            "adversarial" (as an adversary disturbs the words), "meta" (from episodes), "lora", "adapter", "prefix" or "experts"
            (weights that are added to BERT, whose own stay as they are), or an object such as `kgwb.learn.Staged(...)`.
        epochs: passes over each task's examples; for two stages, two numbers may be given. By default as many as make 100
            steps of a stage, and at least 4: a few facts need many passes.
        batch: examples per step and task.
        accumulate: in how many parts a batch is read, one after the other; memory falls, the gradient is the same.
        learning_rate: of BERT's own layers, AdamW's; what starts from zero takes multiples of it
            (`kgwb.learn.policies.groups`). It rises over the first steps of a stage, then falls to zero.
        warm_up: the share of a stage's steps over which it rises.
        top_layers: how many layers the part "top" has, which "partial" trains.
        dropout: use BERT's own dropout; on a few thousand short sentences it only slowed learning.
        recompute: compute layers twice and keep less (gradient checkpointing): for long texts and large models.
        precision: of the matmuls while tuning: "float32", "bfloat16", or "auto" for the faster one on this machine.
        valid: tasks whose loss is measured while tuning (early stopping). A stage ends where it has not fallen for so long as
            `patience` says, and the weights of its best measurement are put back when it ends.
        patience: measurements without a better loss.
        check_every: steps between measurements; by default a tenth of the stage.
        checkpoint: a folder that keeps the tuning. Started again with the same arguments, after `break` or a kill, it goes on
            behind the last step kept there, and on a CPU ends as if it had never stopped, to the bit.
        checkpoint_every: keep it after so many steps, after `break`, and after the last.
        seed: for the order of examples and for dropout.

    Returns:
        A generator that learns from one batch, or one of each task, at each `next` and gives its Step. Where it ends and a
        task's loss is nearly what it was, the log says that nothing was learnt.

    Raises:
        ValueError: for numbers that cannot be, an unknown strategy or policy, no task, one task in two stages, a policy that
            leaves nothing to learn, a schedule longer than the training, two tasks of one name, numbers of epochs that do not
            fit the stages, or a checkpoint of another run.
        TypeError: for what is no task.
        TuningFileError: a file of the checkpoint is damaged.
        FloatingPointError: if the loss or the gradient is no longer finite; raised while iterating.
    """
    options = {
        "strategy": strategy,
        "policy": policy,
        "epochs": epochs,
        "batch": batch,
        "accumulate": accumulate,
        "learning_rate": learning_rate,
        "warm_up": warm_up,
        "top_layers": top_layers,
        "dropout": dropout,
        "recompute": recompute,
        "precision": precision,
        "patience": patience,
        "check_every": check_every,
        "seed": seed,
    }
    kept = {"checkpoint": checkpoint, "checkpoint_every": checkpoint_every}
    run = plan_tuning(bert, tasks, **options, **kept, valid=valid)
    held_out = [] if valid is None else list_tasks(valid)[1]
    tuning = note_tuning(run, list_tasks(tasks)[1], held_out, options)
    if checkpoint is None:
        return _note_steps(run, tuning)
    asked = describe_tuning(run, list_tasks(tasks)[1], held_out, options | {"numbers": run.precision})
    keeping = TuningCheckpoint(Path(checkpoint).absolute(), int(checkpoint_every), asked, hash_weights(run))
    return _keep_steps(run, keeping.resume(run), tuning)


def _note_steps(run: TuningRun, tuning: Tuning) -> Iterator[Step]:
    """The steps, counted in what each model keeps of its tunings."""
    before = [list_before(bert._tunings, tuning, resumed=run.number > 0) for bert in run.berts]
    tuning = {**tuning, "resumed": run.number}
    for step in run.take_steps():
        for bert, earlier in zip(run.berts, before, strict=True):
            bert._tunings = (*earlier, {**tuning, "steps": run.number})
        yield step


def _keep_steps(run: TuningRun, checkpoint: TuningCheckpoint, tuning: Tuning) -> Iterator[Step]:
    for step in _note_steps(run, tuning):
        if checkpoint.is_due(run):
            checkpoint.keep(run)
        try:
            yield step
        except GeneratorExit:  # `break`: the model stands where this step left it, and so does what is kept
            checkpoint.keep(run)
            raise
