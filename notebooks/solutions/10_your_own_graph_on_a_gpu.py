"""One answer to each exercise of notebook 10."""


# %% exercise-1
def count_different(tables: list[list[tuple[str, str, str]]]) -> int:
    return len({tuple(name.strip() for name in fact) for table in tables for fact in table})


# %% exercise-2
def mixed_score(one: list[float], other: list[float], weight: float, answer: int) -> float:
    first, second = ((each[answer] - min(each)) / (max(each) - min(each)) for each in (one, other))
    return (1 - weight) * first + weight * second
