"""Epochs and steps as a training gives them: what they hold, and wrappers that log each and hand it out unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from kgwb.checks import expect_choice, expect_path, expect_text
from kgwb.files import expect_folder
from kgwb.packages import load_package
from kgwb.words import describe_kind

COSINE = "cosine: "  # of two tasks' gradients
LOW, HIGH = ", low", ", high"  # what follows a figure's name where its interval stands beside it


def read_metrics(record: Any) -> dict[str, float]:
    """The figures of an epoch or step besides its loss."""
    metrics = dict(getattr(record, "metrics", {}) or {})
    held_out, gate = getattr(record, "valid_loss", None), getattr(record, "gate", None)
    metrics |= {} if held_out is None else {"held-out loss": held_out}
    losses, weights = getattr(record, "losses", {}), getattr(record, "weights", {})
    if len(losses) > 1:  # of a step from several tasks
        metrics |= {f"loss of {task}": loss for task, loss in losses.items()}
        metrics |= {f"λ of {task}": weight for task, weight in weights.items()}
    for agreement in getattr(record, "agreement", ()):
        metrics[f"{COSINE}{', '.join(agreement.tasks)}"] = agreement.whole
    return metrics if gate is None else {**metrics, "gate": gate}


def is_learnt(name: str) -> bool:
    """Whether a figure says what was learnt, rather than how fast, at what cost, or how far another is sure.

    >>> [is_learnt(name) for name in ("MRR on 500 triples", "MRR on 500 triples, low", "triples per second")]
    [True, False, False]
    """
    return not name.endswith((" per second", " in GiB", LOW, HIGH))


def expect_epochs(epochs: object, call: str) -> None:
    """What training gives, or anything else that is iterated.

    Args:
        epochs: what came.
        call: what to type, with {} in the epochs' place.

    Raises:
        TypeError: it cannot be iterated; says what to type.
    """
    if not isinstance(epochs, Iterable) or getattr(epochs, "ndim", None) == 0:
        usual = call.format("train_embedding(vectors, split)")
        raise TypeError(f"The epochs of a training were expected, but {describe_kind(epochs)} came. Type {usual}.")


def expect_record(record: object) -> None:
    """One of the epochs or steps that training gives.

    Raises:
        TypeError: it has no number and loss; says what to type.
    """
    if not (hasattr(record, "number") and hasattr(record, "loss")):
        raise TypeError(
            f"An epoch or a step was expected, but {describe_kind(record)} came. "
            "Type show_training(train_embedding(vectors, split))."
        )


def close_generator(epochs: Any) -> None:
    """End a generator early, so that it can put its things in order; anything else is left alone."""
    close = getattr(epochs, "close", None)
    if callable(close):
        close()


def log_to_tensorboard(epochs: Iterable[Any], folder: str | Path) -> Iterator[Any]:
    """Write the loss and every figure of a training for TensorBoard while it runs.

    Args:
        epochs: what `train_embedding` or `tune` gives.
        folder: of this run; TensorBoard shows each folder as a run of its own.

    Returns:
        A generator of the same epochs or steps, unchanged: a loop or `show_training` can take it.

    Raises:
        TypeError: when these are no epochs.
        ImportError: with the line that installs tensorboard.

    Example:
        `show_training(log_to_tensorboard(train_embedding(vectors, split), "runs/first"))`, and in a terminal
        `tensorboard --logdir runs`.
    """
    expect_epochs(epochs, "log_to_tensorboard({}, folder)")
    place = expect_path(folder, call="log_to_tensorboard(epochs, 'runs/first')")
    expect_folder(place, "the log of a training")
    load_package("tensorboard", "log_to_tensorboard")
    module = load_package("torch.utils.tensorboard", "log_to_tensorboard", install="tensorboard")
    return _write_events(epochs, module, place)


def log_to_wandb(
    epochs: Iterable[Any],
    *,
    project: str = "kgwb",
    name: str | None = None,
    mode: Literal["online", "offline"] = "offline",
    run: Any = None,
) -> Iterator[Any]:
    """Log the loss and every figure of a training to Weights & Biases while it runs.

    Args:
        epochs: what `train_embedding` or `tune` gives.
        project: where the run is filed.
        name: of the run; Weights & Biases makes one up by default.
        mode: "offline" keeps everything in the folder wandb, to be sent later with `wandb sync`; "online" sends it.
        run: an open run to log to, from `wandb.init`; it is left open, and the three above are not looked at.

    Returns:
        A generator of the same epochs or steps, unchanged.

    Raises:
        TypeError: when these are no epochs.
        ImportError: with the line that installs wandb.

    Example:
        >>> from types import SimpleNamespace
        >>> from kgwb.embed import Epoch
        >>> logged = {}
        >>> run = SimpleNamespace(log=lambda figures, step: logged.update({step: figures}))
        >>> epochs = list(log_to_wandb([Epoch(1, 3.0, 0.5)], run=run))
        >>> logged
        {1: {'loss': 3.0, 'seconds': 0.5}}
    """
    expect_epochs(epochs, "log_to_wandb({})")
    expect_text("project", project, usual="kgwb")
    if name is not None:
        expect_text("name", name, usual="first")
    expect_choice("mode", mode, ("online", "offline"))
    if run is not None:
        if not callable(getattr(run, "log", None)):
            raise TypeError(f"A run was expected, but {describe_kind(run)} came. Type run=wandb.init(project='kgwb').")
        return _log_steps(epochs, run)
    return _log_run(epochs, load_package("wandb", "log_to_wandb"), project, name, mode)


def _write_events(epochs: Iterable[Any], module: Any, folder: Path) -> Iterator[Any]:
    # Opened when the first epoch is asked for: a training that never runs leaves no folder behind.
    with module.SummaryWriter(str(folder)) as writer:
        try:
            for epoch in epochs:
                for name, value in _gather(epoch).items():
                    writer.add_scalar(name, value, epoch.number)
                writer.flush()
                yield epoch
        finally:
            close_generator(epochs)


def _log_run(epochs: Iterable[Any], wandb: Any, project: str, name: str | None, mode: str) -> Iterator[Any]:
    run = wandb.init(project=project, name=name, mode=mode)
    try:
        yield from _log_steps(epochs, run)
    finally:
        run.finish()


def _log_steps(epochs: Iterable[Any], run: Any) -> Iterator[Any]:
    try:
        for epoch in epochs:
            run.log(_gather(epoch), step=epoch.number)
            yield epoch
    finally:
        close_generator(epochs)


def _gather(epoch: Any) -> dict[str, float]:
    expect_record(epoch)
    return {"loss": epoch.loss, "seconds": epoch.seconds, **read_metrics(epoch)}
