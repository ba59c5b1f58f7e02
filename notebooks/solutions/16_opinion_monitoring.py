"""One answer to each exercise of notebook 16."""


# %% exercise-1
def list_counted(named: str, facts: list[tuple[str, str]]) -> list[str]:
    reached = [named]
    for entity in reached:  # grows while it is gone through
        reached += dict.fromkeys(tail for head, tail in facts if head == entity and tail not in reached)
    return sorted(reached)


# %% exercise-2
def sum_evidence(weights: list[float], height: float) -> list[float]:
    sums, before = [], 0.0
    for weight in weights:
        sums.append(max(0.0, before + weight))
        before = 0.0 if sums[-1] >= height else sums[-1]
    return sums


# %% exercise-3
def choose_height(heights: list[list[float]], expected: float) -> float:
    every = sorted(height for stream in heights for height in stream)
    fitting = [value for value in every if sum(height >= value for height in every) <= expected * len(heights)]
    return min(fitting)
