"""What the script draws of a training, as plain data; numbers travel as bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgwb.see.packing import pack_array
from kgwb.see.training.lines import Line
from kgwb.see.training.picture import frame_panel, head_panel
from kgwb.see.training.scene import TrainingScene


def describe_training(scene: TrainingScene) -> dict[str, Any]:
    """The panels, and how far the run is."""
    lines = scene.lines
    figures = list(dict.fromkeys(["loss", *(line.figure for line in lines)]))
    return {
        "unit": scene.unit,
        "progress": scene.progress,
        "running": scene.running,
        "panels": [
            _describe_panel(scene, figure, [line for line in lines if line.figure == figure]) for figure in figures
        ],
    }


def _describe_panel(scene: TrainingScene, figure: str, lines: list[Line]) -> dict[str, Any]:
    across, up = frame_panel(scene, lines, figure)
    return {
        "title": head_panel(scene, figure),
        "across": list(across),
        "up": list(up),
        "floors": [[name, value] for name, value in scene.floors.items()] if figure == "loss" else [],
        "lines": [
            {
                "name": line.name,
                "colour": line.colour,
                "dashed": line.dashed,
                "kind": line.kind,
                "rows": pack_array(line.rows.astype(np.float32)),
            }
            for line in lines
        ],
    }
