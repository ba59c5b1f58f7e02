"""One answer to each exercise of notebook 11."""


# %% exercise-1
def follow(facts: list[tuple[str, str, str]], start: str, path: list[str]) -> list[str]:
    here = {start}
    for step in path:
        if step.startswith("^"):
            here = {head for head, relation, tail in facts if relation == step[1:] and tail in here}
        else:
            here = {tail for head, relation, tail in facts if relation == step and head in here}
    return sorted(here - {start})


# %% exercise-2
def choose_refusal(trust: list[float], lacks: list[bool]) -> float:
    best, chosen = -1.0, min(trust)
    for threshold in sorted(set(trust)):
        refused = [each < threshold for each in trust]
        right = sum(r and lack for r, lack in zip(refused, lacks, strict=True))
        f1 = 2 * right / max(1, sum(refused) + sum(lacks))
        if f1 > best:
            best, chosen = f1, threshold
    return chosen
