"""One answer to each exercise of notebook 13."""


# %% exercise-1
def choose_greedily(stated: list[list[str]], k: int) -> list[int]:
    chosen: list[int] = []
    covered: set[str] = set()
    while len(chosen) < k:
        gains = [len(set(facts) - covered) for facts in stated]
        if not gains or max(gains) == 0:
            break
        chosen.append(gains.index(max(gains)))
        covered |= set(stated[chosen[-1]])
    return chosen


# %% exercise-2
def measure_kept(stated: list[list[str]], chosen: list[int], main: list[str]) -> tuple[float, float]:
    told = [fact for place in chosen for fact in stated[place]]
    kept = set(told)
    again = 1 - len(kept) / len(told) if told else 0.0
    return len(kept & set(main)) / len(main), again


# %% exercise-3
def find_reason(covers: list[list[str]], chosen: list[int], place: int) -> list[str]:
    others = {fact for each in chosen if each != place for fact in covers[each]}
    return [fact for fact in covers[place] if fact not in others]
