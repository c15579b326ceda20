"""The words of ktstr's command line, and what is wrong with them, in a line that names the nearest word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from invoke.parser import ParserContext

from ktstr.base.nearest import near, nearest

__all__ = ["SEVERAL", "in_one_word", "late_verb", "mistake", "verb_at", "with_names"]

SEVERAL = {"report": "run"}
"""The verbs that take one word or several without a name, and the option of which Invoke is to take each as a value."""

# What other tools call it.
_MEANT = {
    "run": "test",
    "pytest": "test",
    "check": "test",
    "list": "kernel-list",
    "new": "init",
    "clean": "cache",
}


def verb_at(words: Sequence[str]) -> int | None:
    """The place of the first word that is no option, which is the verb's."""
    return next((place for place, word in enumerate(words) if not word.startswith("-")), None)


def in_one_word(words: Sequence[str], verbs: Sequence[str]) -> list[str]:
    """The words, with a verb that was typed as two (`kernel list`) as one (`kernel-list`)."""
    place = verb_at(words)
    if place is None or words[place] in verbs or len(words) < place + 2:
        return list(words)
    joined = f"{words[place]}-{words[place + 1]}"
    return [*words[:place], joined, *words[place + 2 :]] if joined in verbs else list(words)


def with_names(words: Sequence[str], tasks: Mapping[str, ParserContext]) -> list[str]:
    """The words of a verb of SEVERAL, each that has no name as a value of its option: Invoke knows one word a place."""
    if words[0] not in SEVERAL or words[0] not in tasks:
        return list(words)
    task, named, is_value = tasks[words[0]], [words[0]], False
    for word in words[1:]:
        option = task.flags[word] if word in task.flags else None  # noqa: SIM401
        free = not is_value and not word.startswith("-")
        named.append(f"--{SEVERAL[words[0]]}={word}" if free else word)
        is_value = option is not None and option.takes_value
    return named


def late_verb(words: Sequence[str], verbs: Iterable[str]) -> str | None:
    """The words in their right order, if the first is an option and a verb comes later; None if none does."""
    known = set(verbs)
    place = next((place for place, word in enumerate(words) if word in known), None)
    return None if place is None else " ".join((words[place], *words[:place], *words[place + 1 :]))


def mistake(words: Sequence[str], tasks: Mapping[str, ParserContext]) -> str | None:
    """What is wrong with a verb and its words; None if nothing is. Further verbs may follow a verb's words."""
    task: ParserContext | None = None
    missing: list[str] = []
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        if task is None or (word in tasks and not missing):
            if word not in tasks:
                return _no_such_verb(word, tasks)
            task = tasks[word]
            missing = [str(argument.name) for argument in task.positional_args]
        elif word == "--":
            break
        elif word.startswith("-") and word != "-":
            problem, takes_next = _option(word, task, words[place:])
            if problem:
                return f"{task.name}: {problem}"
            place += takes_next
            # What has a place of its own may be given by its name instead.
            missing = [name for name in missing if word.partition("=")[0] != f"--{name}"]
        elif missing:
            missing.pop(0)
        else:
            return f"{task.name}: {word}: {_surplus(word, task)}"
    if task is not None and missing:
        needed = " and ".join(name.upper() for name in missing)
        return f"{task.name}: needs {needed}; `ktstr {task.name} --help` says what that is"
    return None


def _no_such_verb(word: str, tasks: Mapping[str, ParserContext]) -> str:
    begun = [name for name in tasks if name.startswith(f"{word}-")]
    found = nearest(word, tasks, 3) or begun
    if meant := _MEANT.get(word):
        found = list(dict.fromkeys((meant, *found)))
    hint = f"near is {', '.join(found)}" if found else f"there are {', '.join(sorted(tasks))}"
    return f"{word}: no such command; {hint}"


def _option(word: str, task: ParserContext, after: Sequence[str]) -> tuple[str, bool]:
    """What is wrong with an option, and whether the word after it is its value."""
    name, equals, value = word.partition("=")
    if not word.startswith("--"):
        name, value = word[:2], word[2:]
    # Its get() does not know the short forms.
    argument = task.flags[name] if name in task.flags else None  # noqa: SIM401
    if argument is None:
        long = sorted(flag for flag in task.flags if flag.startswith("--"))
        hint = near(name, long) or (f"; it has {', '.join(long)}" if long else "; it takes none")
        return f"{name}: no such option{hint}", False
    if not argument.takes_value:
        if equals:
            return f"{name}: takes no value, and {word} gives one", False
        if value and not word.startswith("--"):
            return _option(f"-{value}", task, after)
        return "", False
    if value:
        return "", False
    if equals or not after or after[0] in task.flags:
        return f"{name}: needs a value: {argument.help or name.strip('-')}", False
    return "", True


def _surplus(word: str, task: ParserContext) -> str:
    """What to do instead about a word that is neither an option nor the value of one."""
    if "--kernel" in task.flags and any(letter.isdigit() for letter in word):
        return f"not expected here; a kernel is named by --kernel {word}"
    long = sorted(flag for flag in task.flags if flag.startswith("--"))
    if not long:
        return "not expected here; it takes no words"
    if f"--{word}" in long:
        return f"not expected here; near is --{word}"
    if "--bpf" in long and word.endswith((".bpf.c", ".bpf.o")):
        return f"not expected here; a scheduler given as BPF is named by --bpf {word}"
    if "--test" in long and (word.isidentifier() or "::" in word):
        return f"not expected here; a test is named by --test {word}"
    return f"not expected here; the options are {', '.join(long)}"
