"""The medicine graph contradicts itself nowhere, and its sentences mark whatever they name."""

from __future__ import annotations

import re
import runpy
from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd
import pytest

import kgwb

FOLDER = Path(__file__).parents[2] / "sample_graphs" / "medicine"
TABLES = ("triples.tsv", "entities.tsv", "relations.tsv", "questions.tsv")
FILES = (*TABLES, "sentences.jsonl", "README.md", "wordings.py")
RANGES = {
    "has_symptom": ({"disease"}, {"symptom"}),
    "affects": ({"disease"}, {"organ"}),
    "disease_of": ({"disease"}, {"body_system"}),
    "treated_by": ({"disease"}, {"drug"}),
    "caused_by": ({"disease"}, {"pathogen", "cause", "disease"}),
    "diagnosed_by": ({"disease"}, {"diagnostic_test"}),
    "belongs_to": ({"drug"}, {"drug_class"}),
    "part_of": ({"organ"}, {"body_system"}),
    "side_effect": ({"drug"}, {"symptom"}),
    "contraindicated_in": ({"drug"}, {"disease"}),
    "interacts_with": ({"drug"}, {"drug"}),
}
TOLD_BY_TURNS = {"disease_of", "diagnosed_by", "side_effect", "interacts_with"}
IN_TWO_SYSTEMS = {"throat", "pancreas", "ovaries"}
# The rule "affects, then part_of, gives disease_of" says so, and no textbook does.
NOT_DISEASES_OF = """
common_cold digestive_system     | influenza digestive_system             | strep_throat digestive_system
sleep_apnea digestive_system     | type_1_diabetes digestive_system       | type_2_diabetes digestive_system
endometriosis endocrine_system   | chronic_myeloid_leukemia immune_system | strep_throat immune_system
lupus urinary_system             | malaria hematopoietic_system           | syphilis integumentary_system
measles integumentary_system     | measles respiratory_system             | scurvy integumentary_system
anaphylaxis integumentary_system | anaphylaxis respiratory_system
"""
FACTS = """
asthma treated_by salbutamol                | type_1_diabetes treated_by insulin     | parkinsons_disease treated_by levodopa
hypothyroidism treated_by levothyroxine     | gout treated_by allopurinol            | anaphylaxis treated_by epinephrine
peptic_ulcer caused_by helicobacter_pylori  | scurvy caused_by vitamin_c_deficiency  | rickets caused_by vitamin_d_deficiency
chickenpox caused_by varicella_zoster_virus | shingles caused_by varicella_zoster_virus
tuberculosis caused_by mycobacterium_tuberculosis
myocardial_infarction has_symptom chest_pain | meningitis has_symptom neck_stiffness | cholera has_symptom diarrhea
appendicitis affects appendix               | cirrhosis affects liver                | glaucoma affects eyes
asthma diagnosed_by spirometry              | malaria diagnosed_by blood_smear       | gout diagnosed_by joint_fluid_microscopy
warfarin belongs_to anticoagulants          | aspirin belongs_to nsaids              | aspirin belongs_to antiplatelet_drugs
lisinopril side_effect cough                | morphine side_effect constipation      | ethambutol side_effect vision_loss
propranolol contraindicated_in asthma       | ibuprofen contraindicated_in peptic_ulcer
haloperidol contraindicated_in parkinsons_disease
nitroglycerin interacts_with sildenafil     | warfarin interacts_with aspirin        | heart part_of cardiovascular_system
"""
NOT_FACTS = """
influenza treated_by amoxicillin | common_cold treated_by amoxicillin       | asthma treated_by propranolol
type_1_diabetes treated_by metformin | hyperthyroidism treated_by levothyroxine
hepatitis_b caused_by hepatitis_c_virus | hemorrhagic_stroke treated_by alteplase
"""
ATOMIC_WEIGHTS = {"H": 1.008, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998, "P": 30.974, "S": 32.06, "Cl": 35.45}
ATOMIC_WEIGHTS |= {"Fe": 55.845, "Co": 58.933, "I": 126.904, "Pt": 195.084}


def read_rows(text: str) -> list[tuple[str, ...]]:
    return [tuple(row.split()) for row in re.split(r"[|\n]", text) if row.strip()]


def read_table(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / name, sep="\t", keep_default_na=False, dtype=str, quoting=3)


@pytest.fixture(scope="module")
def facts(triples) -> set[tuple[str, str, str]]:
    return set(triples.itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def tails(triples) -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for head, relation, tail in triples.itertuples(index=False, name=None):
        found[relation][head].add(tail)
        found["^" + relation][tail].add(head)
    return found


@pytest.fixture(scope="module")
def names(entities) -> dict[str, set[str]]:
    return {
        entity: {label, label_zh, *filter(None, aliases.split("|"))}
        for entity, label, label_zh, aliases in zip(
            entities.index, entities["label"], entities["label_zh"], entities["aliases"], strict=True
        )
    }


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.read_graph(FOLDER)


def test_relations_join_the_types_they_should(triples, entities):
    kind = entities["type"]
    for head, relation, tail in triples.itertuples(index=False, name=None):
        heads, ends = RANGES[relation]
        assert kind[head] in heads and kind[tail] in ends and head != tail, (head, relation, tail)


def test_every_entity_of_a_type_has_what_it_must(entities, tails):
    for relation, kind in (("affects", "disease"), ("belongs_to", "drug"), ("part_of", "organ")):
        assert {entity for entity in entities.index[entities["type"] == kind] if not tails[relation][entity]} == set()
    symptoms = entities.index[entities["type"] == "symptom"]
    assert all(
        any(tails["^" + relation][symptom] for relation in ("has_symptom", "side_effect")) for symptom in symptoms
    )


def test_everything_has_an_english_and_a_chinese_name(entities):
    assert entities["label"].str.strip().ne("").all() and entities["description"].str.strip().ne("").all()
    assert entities["label_zh"].str.contains("[\u4e00-\u9fff]").all()
    assert read_table("relations.tsv")["label_zh"].str.contains("[\u4e00-\u9fff]").all()


def test_two_drugs_share_a_name_and_no_others_do_even_when_case_is_lost(names, sentences):
    owners = Counter(name for found in names.values() for name in {name.lower() for name in found})
    assert [name for name, count in owners.items() if count > 1] == ["dilacor"]
    assert [entity for entity, found in names.items() if "Dilacor" in found] == ["verapamil", "digoxin"]
    assert not any("Dilacor" in sentence["text"] for sentence in sentences)


def test_attributes_stand_where_they_belong(entities):
    diseases, drugs, organs = (entities["type"] == kind for kind in ("disease", "drug", "organ"))
    assert entities["icd_10"].ne("").equals(diseases) and entities["infectious"].isin(["0", "1"]).equals(diseases)
    assert entities.loc[diseases, "icd_10"].str.fullmatch("[A-Z][0-9]{2}").all()
    assert not entities.loc[~drugs, ["formula", "molar_mass"]].ne("").any(axis=None)
    assert not entities.loc[~organs, ["mass", "paired"]].ne("").any(axis=None)
    assert set(entities["paired"]) == {"", "0", "1"}


def test_molar_masses_follow_from_the_formulas(entities):
    stated = entities[entities["formula"].ne("")]
    assert entities["molar_mass"].ne("").equals(entities["formula"].ne(""))
    for formula, mass in zip(stated["formula"], stated["molar_mass"], strict=True):
        assert re.fullmatch(r"([A-Z][a-z]?\d*)+", formula)
        parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
        assert float(mass) == pytest.approx(
            sum(ATOMIC_WEIGHTS[atom] * int(count or 1) for atom, count in parts), abs=0.01
        )


def test_what_a_germ_causes_is_an_infection(entities, tails):
    for germ in entities.index[entities["type"] == "pathogen"]:
        caused = tails["^caused_by"][germ] - {"peptic_ulcer"}  # a germ brings it about, and nobody catches it
        assert set(entities.loc[list(caused), "infectious"]) <= {"1"}


def test_interactions_hold_in_both_directions(facts):
    pairs = {(head, tail) for head, relation, tail in facts if relation == "interacts_with"}
    assert pairs and pairs == {(tail, head) for head, tail in pairs}


def test_no_drug_is_given_where_it_must_not_be(tails):
    for disease, drugs in tails["treated_by"].items():
        assert not drugs & tails["^contraindicated_in"][disease], disease


def test_no_disease_causes_itself_by_a_detour(tails):
    for start in list(tails["caused_by"]):
        seen, ahead = set(), {start}
        while ahead:
            ahead = set().union(*(tails["caused_by"].get(cause, set()) for cause in ahead)) - seen
            seen |= ahead
        assert start not in seen


def test_organ_and_system_give_the_kind_of_disease_with_known_exceptions(tails, graph):
    follows = {
        (disease, system)
        for disease, organs in tails["affects"].items()
        for organ in organs
        for system in tails["part_of"][organ]
    }
    told = {(disease, system) for disease, systems in tails["disease_of"].items() for system in systems}
    assert follows - told == set(read_rows(NOT_DISEASES_OF)) and told <= follows
    assert {organ for organ, systems in tails["part_of"].items() if len(systems) > 1} == IN_TWO_SYSTEMS
    assert f"{len(told)} times of {len(follows)}" in (FOLDER / "README.md").read_text("utf-8")
    rules = kgwb.graph.find_rules(graph, kinds=["composition"]).frame.set_index("rule")
    found = rules.loc["x affects z, z part of y ⇒ x disease of y"]
    assert found["confidence"] == pytest.approx(len(told) / len(follows))


@pytest.mark.parametrize("fact", read_rows(FACTS), ids=" ".join)
def test_spot_facts(facts, fact):
    assert fact in facts


@pytest.mark.parametrize("fact", read_rows(NOT_FACTS), ids=" ".join)
def test_what_does_not_hold(facts, entities, fact):
    assert {fact[0], fact[2]} <= set(entities.index) and fact not in facts


def test_sentences_mark_names_of_the_entity(sentences, names):
    for sentence in sentences:
        for mention in sentence["mentions"]:
            spelt = sentence["text"][mention["start"] : mention["end"]]
            found = names[mention["entity"]]
            assert spelt in found or (mention["start"] == 0 and spelt in {name[0].upper() + name[1:] for name in found})


def test_sentences_name_nothing_without_a_mark(sentences, names):
    longest_first = sorted((name for found in names.values() for name in found), key=len, reverse=True)
    pattern = {
        "en": re.compile(r"\b(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)", re.IGNORECASE),
        "zh": re.compile("|".join(map(re.escape, longest_first))),
    }
    for sentence in sentences:
        spans = [match.span() for match in pattern[sentence["language"]].finditer(sentence["text"])]
        assert spans == [(mention["start"], mention["end"]) for mention in sentence["mentions"]], sentence["text"]


def test_sentences_state_facts_of_the_graph(sentences, facts):
    assert len({sentence["text"] for sentence in sentences}) == len(sentences)
    for sentence in sentences:
        head, _, tail = sentence["triple"]
        assert tuple(sentence["triple"]) in facts
        assert {mention["entity"] for mention in sentence["mentions"]} == {head, tail}


def test_every_fact_is_put_into_words_and_every_relation_in_two_ways(sentences, facts):
    told, wordings = Counter(), defaultdict(set)
    for sentence in sentences:
        told[(*sentence["triple"], sentence["language"])] += 1
        wordings[sentence["triple"][1], sentence["language"]].add(sentence["wording"])
    for fact in facts:
        assert (told[(*fact, "en")], told[(*fact, "zh")]) == (1 if fact[1] in TOLD_BY_TURNS else 2, 1)
    for relation in RANGES:
        assert (wordings[relation, "en"], wordings[relation, "zh"]) == ({0, 1}, {0})


def test_the_script_writes_the_committed_bytes(tmp_path):
    script = runpy.run_path(str(FOLDER / "wordings.py"))
    for name in ("entities.tsv", "relations.tsv", "triples.tsv"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    script["main"].__globals__["FOLDER"] = tmp_path
    script["main"]()
    assert (tmp_path / "sentences.jsonl").read_bytes() == (FOLDER / "sentences.jsonl").read_bytes()


def test_the_graph_says_its_facts_in_both_languages(triples):
    graph = kgwb.read_graph(FOLDER)
    for language, count, text in (
        ("en", 2, "asthma is treated with salbutamol."),
        ("zh", 1, "哮喘可以用沙丁胺醇治疗。"),
    ):
        said = kgwb.verbalise(graph, language=language)
        assert len(said) == count * len(triples) and text in {each.text for each in said}


def test_readme_counts(entities, triples, sentences):
    questions = read_table("questions.tsv")
    rows = re.findall(r"^\| (?:– )?([\w]+)(.*?)\| ([\d,]+) \|$", (FOLDER / "README.md").read_text("utf-8"), re.M)
    stated = [(name, int(count.replace(",", ""))) for name, _, count in rows]
    told = Counter(sentence["language"] for sentence in sentences)
    counted = [
        ("entities", len(entities)),
        *entities["type"].value_counts().items(),
        ("triples", len(triples)),
        *triples["relation"].value_counts().items(),
        ("sentences", len(sentences)),
        ("English", told["en"]),
        ("Chinese", told["zh"]),
        ("questions", len(questions)),
        ("two_hops", (questions["hops"] == "2").sum()),
        ("unanswered", questions["answers"].eq("").sum()),
    ]
    assert sorted(stated) == sorted(counted)


def test_readme_figures_in_the_text(entities, triples):
    text = (FOLDER / "README.md").read_text("utf-8")
    languages = read_table("questions.tsv")["language"].value_counts()
    assert f"{languages['en']} in English and {languages['zh']} in Chinese" in text
    assert f"for {entities['formula'].ne('').sum()} drugs `formula`" in text
    means = triples.groupby("relation").size() / triples.groupby("relation")["head"].nunique()
    for relation, words in (("has_symptom", " tails a head"), ("treated_by", ""), ("side_effect", "")):
        assert re.search(rf"`{relation}` (?:has )?{means[relation]:.1f}{words}", text)
    hubs = Counter(zip(triples["relation"], triples["tail"], strict=True))
    for relation, hub, words in (("side_effect", "nausea", "side effects"), ("has_symptom", "fatigue", "symptoms")):
        assert f"`{hub}` ({hubs[relation, hub]} of the {words})" in text
        assert hubs[relation, hub] == triples.loc[triples["relation"] == relation, "tail"].value_counts().max()
    assert "no medical advice" in text and "MIT licence" in text


def test_the_folder_holds_these_files_and_no_others():
    assert {path.name for path in FOLDER.iterdir() if path.is_file()} == set(FILES)


def test_it_reads_without_a_remark(triples, entities, graph):
    disease = graph.entities.loc[graph.entity_id("heart attack")]
    assert (len(graph), len(graph.entities), graph.notes) == (len(triples), len(entities), ())
    assert (disease["label_zh"], disease["type"], "心梗" in disease["aliases"]) == ("心肌梗死", "disease", True)
    assert graph.entities[["infectious", "molar_mass", "mass", "paired"]].dtypes.eq("float64").all()
