"""One answer to each exercise of notebook 15."""


# %% exercise-1
def walk(facts: list[tuple[str, str, str]], start: str, path: str) -> list[str]:
    here = {start}
    for step in path.split("/"):
        if step.startswith("^"):
            here = {head for head, relation, tail in facts if tail in here and relation == step[1:]}
        else:
            here = {tail for head, relation, tail in facts if head in here and relation == step}
    return sorted(here)


# %% exercise-2
def must_ask(answers: dict[str, list[str]]) -> bool:
    return len({frozenset(each) for each in answers.values()}) > 1


# %% exercise-3
def measure_risk(confidences: list[float], right: list[bool], threshold: float) -> tuple[float, float]:
    given = [r for c, r in zip(confidences, right, strict=True) if c >= threshold]
    return len(given) / len(right), given.count(False) / len(given)
