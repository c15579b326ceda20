"""Explorations: which run comes next, what is kept of it, and what is said, with reports instead of runs."""

import random
from pathlib import Path

import pytest

from ktstr.base.errors import KtstrError
from ktstr.explore.corpus import SEEDS, Corpus
from ktstr.explore.exploration import AUTO, Exploration, progress_line, summary_line
from ktstr.explore.kept import Kept, kept_from_json, kept_to_json, name_of
from ktstr.explore.mutant import mutant
from ktstr.instrument.explored import Block, Explored, Stop
from ktstr.instrument.interleaving import Interleaving, SwitchPoint

POINT = SwitchPoint(0xABC, 3, 0, 5000)
KEPT = Kept(7, "rare", ((0xABC, 3, 0, 5000), (0xDEF, 9, 4, 200)), (1, 2, 3), ((0xABC, 40), (0xDEF, 2)))


def report(*news: int) -> Explored:
    stops = (Stop(POINT, 12, 1, 99, 0x1008, 0),)
    return Explored(stops, (Block(0x1000, 40, 0, 0xABC), Block(0x1040, 2, 0, 0xDEF)), frozenset(news), (), {})


def exploration(folder: Path, strategy: str = AUTO, seed: int = 1) -> Exploration:
    return Exploration(Corpus(folder), strategy, seed, cpus=4)


def test_a_kept_run_is_read_again_and_named_by_its_content() -> None:
    text = kept_to_json(KEPT)
    assert kept_from_json(text.encode()) == KEPT
    assert name_of(text) == name_of(kept_to_json(KEPT)) != name_of(text.replace("rare", "stall"))
    assert KEPT.switch_points[0] == POINT


@pytest.mark.parametrize("data", [b"", b"[]", b'{"seed":-1}', b"\xff", kept_to_json(KEPT).encode()[:-9]])
def test_a_damaged_file_of_the_corpus_is_none(data: bytes) -> None:
    assert kept_from_json(data) is None


def test_what_brings_news_is_kept_and_what_does_not_is_not(tmp_path: Path) -> None:
    one = exploration(tmp_path)
    one.learn(one.next(), [report(1, 2)])
    assert (one.runs, one.quiet, one.brought, len(one.corpus.kept)) == (1, 0, 2, 1)
    one.learn(one.next(), [report(2)])
    one.learn(one.next(), [])
    assert (one.runs, one.quiet, one.brought, len(one.corpus.kept)) == (3, 2, 2, 1)
    (file,) = tmp_path.glob("*.json")
    kept = kept_from_json(file.read_bytes())
    assert kept is not None
    assert (kept.news, kept.switch_points, kept.blocks) == ((1, 2), (POINT,), ((0xABC, 40), (0xDEF, 2)))


def test_two_at_once_share_the_corpus_and_have_other_seeds(tmp_path: Path) -> None:
    one, other = exploration(tmp_path), exploration(tmp_path)
    assert [one.corpus.claim(), other.corpus.claim()] == [1, SEEDS + 1]
    one.learn(one.next(), [report(1, 2)])
    other.learn(other.next(), [report(1, 2)])
    assert other.brought == 0
    assert other.corpus.known == {1, 2}
    later = Corpus(tmp_path)
    later.look()
    assert later.known == {1, 2}
    assert later.claim() == 2 * SEEDS + 1


def test_a_file_that_another_program_left_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    corpus = Corpus(tmp_path)
    corpus.look()
    assert corpus.kept == []


def test_a_corpus_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KtstrError, match="cache directory"):
        Corpus(tmp_path / "file" / "corpus")


def test_the_runs_follow_from_the_seed_and_the_corpus(tmp_path: Path) -> None:
    def runs(name: str) -> list[tuple[int, str, str]]:
        one, found = exploration(tmp_path / name), []
        for number in range(16):
            trial = one.next()
            found.append((trial.seed, trial.strategy, str(trial.chosen.interleaving)))
            one.learn(trial, [report(number)])
        return found

    first = runs("a")
    assert first == runs("b")
    strategies = [strategy for _, strategy, _ in first]
    assert set(strategies) == {"rare", "stall", "pct", "burst", "mutant"}
    assert strategies[0] != "mutant", "there is nothing to change yet"


def test_one_strategy_alone(tmp_path: Path) -> None:
    one = exploration(tmp_path, "stall", seed=5)
    trials = []
    for number in range(4):
        trials.append(one.next())
        one.learn(trials[-1], [report(number)])
    assert [(trial.seed, trial.strategy) for trial in trials] == [(seed, "stall") for seed in (5, 6, 7, 8)]


def test_pct_knows_how_many_entries_a_run_has(tmp_path: Path) -> None:
    one = exploration(tmp_path, "pct")
    one.learn(one.next(), [report(1)])
    interleavings = []
    for _ in range(20):
        trial = one.next()
        one.learn(trial, [])
        interleavings.append(trial.chosen.interleaving)
    assert all(point.entry <= 42 for one in interleavings if one for point in one.points)


def test_a_mutant_is_a_kept_run_with_changes_that_the_plugin_can_read() -> None:
    other = Kept(9, "pct", (), (4,), ((0xABC, 0),))
    found = [mutant(random.Random(seed), [KEPT, other]) for seed in range(200)]
    assert {seed for seed, _ in found} == {7, 9}
    assert len({str(interleaving) for _, interleaving in found}) > 100
    for _, interleaving in found:
        assert Interleaving.parse(str(interleaving)) == interleaving
        assert all(point.block in (0xABC, 0xDEF) and point.entry >= 1 for point in interleaving.points)


def test_a_plateau_is_told(tmp_path: Path) -> None:
    one = exploration(tmp_path)
    one.learn(one.next(), [report(1, 2, 3)])
    assert progress_line(one, 2.0) == "1 run, 30 a minute; 3 seen, 3 by it, 1 kept"
    for _ in range(20):
        one.learn(one.next(), [report(1)])
    assert (
        progress_line(one, 42.0) == "21 runs, 30 a minute; 3 seen, 3 by it, 1 kept; nothing new for 20 runs"
    )
    assert summary_line(one, 42.0, "").startswith("no run failed: 21 runs, ")
    assert summary_line(one, 42.0, "stall").startswith("run 22 failed (stall): 21 runs, ")
