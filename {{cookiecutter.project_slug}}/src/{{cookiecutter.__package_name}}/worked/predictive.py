"""Which children may move often in the coming year (predictive).

This file is the tool. To make the project yours, keep the three functions and the names in capitals, and change
what is in them: `prepare` makes one row for each child and year, `run` adds what the tool says of it, `explain`
says why in words.

A row stands on a 31 March. What is known of the child on that day is used to estimate how likely it is that the
child has many placements in the year that begins the next day. The model learns from the earliest year and is
tested on the latest one whose outcome is known. It supports a conversation about a child's plan; it decides
nothing.
"""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from evidence.measures import placements
from evidence.project import EvidenceError

# One row is one child on one 31 March; the columns that name the child and the day.
UNIT = "child"
PERIOD = "year_end"
# Results are shown and compared by these columns.
GROUPS = ["sex", "age_band", "ethnic_group", "placement_type"]
# Groups are compared by these, and what the tool says of a child must not hang on them.
LEFT_OUT = ["sex", "ethnic_group"]
# Protected characteristics are found by the names of columns; PROTECTED = ["sex"] would name them itself.
# What happened in the year after (true, false, or missing while not known), what the tool says, and its probability.
OUTCOME = "outcome"
OUTPUT = "flagged"
SCORE = "probability"
# The tables and columns that are read. Nothing else is needed, so nothing else is asked for.
TABLES = {"header": placements.HEADER_COLUMNS, "episodes": placements.EPISODE_COLUMNS}
DEFINITION = placements.DEFINITION

# What the model learns from. Sex and ethnic group are left out on purpose: results are compared by them, no more.
KINDS = ["age_band", "placement_type", "category_of_need"]
NUMBERS = ["placements", "months_in_placement", "months_in_care"]
# Fewer children than this, or fewer with (or without) the outcome, and what the model learns is chance.
FEWEST_CHILDREN, FEWEST_OUTCOMES = 100, 10


def outcome_words(parameters):
    """The outcome as the headlines say it: the share with ..."""
    return f"{parameters['placements_at_least']} or more placements in the year"


def prepare(tables, parameters):
    """One row for each child looked after on each 31 March: what was known then, and what came in the year after."""
    placements.need(tables, TABLES)
    episodes = placements.follow_placements(tables["episodes"])
    years = placements.years_covered(episodes, parameters)
    # An outcome needs a year that the data covers. With one such year, only the day before it began is left to use.
    days = years[:-1] or [years[0] - pd.DateOffset(years=1)]
    # Handed on without a name: of millions of rows, two orders are too much to hold.
    frame = placements.in_steady_order(_all_rows(tables["header"], episodes, [*days, years[-1]], parameters))
    frame["used_for"] = _used_for(frame, days, years[-1], parameters)
    return frame


def _all_rows(header, episodes, days, parameters):
    frame = pd.concat([_known_on(header, episodes, day) for day in days], ignore_index=True)
    frame[OUTCOME] = _year_after(frame, episodes, days[-1], parameters)
    return frame


def _known_on(header, episodes, day):
    # Everything later than the day is taken away first, so that nothing below can look into the future.
    episodes = placements.known_on(episodes, day)
    rows = placements.children_on({"header": header, "episodes": episodes}, day)
    rows["months_in_placement"] = _months(placements.placement_began(episodes, day), day)
    rows["months_in_care"] = _months(placements.care_began(episodes, day), day)
    return rows


def _months(since, day):
    # A return holds little of what ended before it, so longer than a year counts as a year, which is known of all.
    return ((day - since).dt.days / 30.44).round(1).clip(upper=12)


def _year_after(frame, episodes, last_year, parameters):
    outcome = pd.Series(pd.NA, index=frame.index, dtype="boolean")
    for day in frame[PERIOD].unique():
        year_after = day + pd.DateOffset(years=1)
        if year_after <= last_year:
            here = frame[PERIOD] == day
            # A child who leaves care early in the year stays in: on the day itself nobody knows who will.
            counted = placements.number_in_year(frame.loc[here, UNIT], episodes, year_after)
            outcome[here] = counted >= parameters["placements_at_least"]
    return outcome


def _used_for(frame, days, last_year, parameters):
    used = pd.Series("training", index=frame.index, dtype="str")
    used[(frame[PERIOD] > days[0])] = "neither"
    used[frame[PERIOD] == days[-1]] = "testing"
    if len(days) == 1:
        # One year alone: half of the children, drawn at random, to learn from and the other half to test on.
        here = frame.index[frame[PERIOD] == days[0]]
        drawn = np.random.default_rng(parameters["seed"]).permutation(here)
        used[drawn[: len(drawn) // 2]] = "training"
    used[frame[PERIOD] == last_year] = "coming year"
    return used


def run(frame, parameters):
    """The same rows with each child's probability (0 to 1), and whether it is high enough to be flagged."""
    output = frame.copy()
    features, model = _learn(frame, parameters)
    output[SCORE] = model.predict_proba(features)[:, 1]
    output[OUTPUT] = output[SCORE] >= parameters["flag_at"]
    return output


def _learn(frame, parameters):
    training = frame["used_for"] == "training"
    outcome = frame.loc[training, OUTCOME].astype("int")
    fewest = min(outcome.sum(), (1 - outcome).sum())
    if training.sum() < FEWEST_CHILDREN or fewest < FEWEST_OUTCOMES:
        raise EvidenceError(
            f"there is too little to learn from: the training year needs at least {FEWEST_CHILDREN} children, and at "
            f"least {FEWEST_OUTCOMES} with and {FEWEST_OUTCOMES} without {parameters['placements_at_least']} or more "
            "placements in the year after.",
            where="the tool, training the model",
            remedy="Use more years of data, a lower placements_at_least, or a descriptive tool instead.",
        )
    features = _features(frame, training)
    model = LogisticRegression(max_iter=1000, random_state=parameters["seed"])
    return features, model.fit(features[training], outcome)


def _features(frame, training):
    # Noughts and ones take little room as small numbers: there are many columns, and there may be millions of rows.
    kinds = pd.get_dummies(frame[KINDS], prefix_sep=": ", dtype="uint8")
    # A kind that the training year does not have cannot have been learnt.
    kinds = kinds[sorted(kinds.columns[kinds[training].any()])]
    # Where the data does not cover the year before, earlier placements cannot be counted or learnt from.
    alone = frame.loc[training, PERIOD].max() == frame.loc[frame["used_for"] == "testing", PERIOD].max()
    numbers = frame[[name for name in NUMBERS if not (alone and name == "placements")]].astype("float")
    learnt_from = numbers[training]
    numbers = numbers.fillna(learnt_from.median())
    # On one scale the weights can be compared; the training year alone sets the scale.
    spread = learnt_from.std().replace(0, 1)
    return pd.concat([kinds, (numbers - learnt_from.mean()) / spread], axis="columns")


def explain(frame, parameters):
    """For each row, the three things that weigh most for this child, and which way. Needs all rows that `run` gave."""
    features, model = _learn(frame, parameters)
    training = frame["used_for"] == "training"
    # How far each thing moves this child away from the average child of the training year.
    weighs = (features - features[training].mean()) * model.coef_[0]
    # The three largest of each row, whichever way they point.
    largest = np.argsort(-weighs.abs().to_numpy(), axis=1, kind="stable")[:, :3]
    rows = zip(frame.to_dict("records"), weighs.to_numpy(), largest, strict=True)
    words = [
        _sentence(row, [(weighs.columns[at], parts[at]) for at in three], parameters) for row, parts, three in rows
    ]
    return pd.DataFrame({"why": words}, index=frame.index, dtype="str")


def today(frame, parameters):
    """The rule that practice could use without a model: a child who moved in the past year is flagged."""
    return frame["placements"] >= 2


def series(tables, parameters):
    """Children who moved to another placement in the month, of those looked after on its last day."""
    return placements.moves_by_month(tables["episodes"], parameters)


def weights(frame, parameters):
    """A weight is the mean size of a thing's part in the log odds of the outcome, over all children learnt from.

    Twice the weight is twice the pull; raises and lowers say in which direction.
    """
    features, model = _learn(frame, parameters)
    size = features.agg(lambda one: (one - one.mean()).abs().mean()) * abs(model.coef_[0])
    direction = np.where(model.coef_[0] > 0, "raises", "lowers")
    table = pd.DataFrame({"weight": size, "direction": direction}).rename(lambda name: name.replace("_", " "))
    return table.sort_values("weight", ascending=False, kind="stable").rename_axis("factor")


def _sentence(row, largest, parameters):
    reasons = [f"{_reason(name, row)} ({'raises' if part > 0 else 'lowers'} it)" for name, part in largest]
    flagged = "Flagged" if row[SCORE] >= parameters["flag_at"] else "Not flagged"
    likely = f"about {100 * row[SCORE]:.0f} in 100 such children are expected to move that often"
    return f"{flagged}: {likely}. What weighs most: {'; '.join(reasons)}."


def _reason(name, row):
    if name == "placements":
        return f"{row[name]} placement{'' if row[name] == 1 else 's'} in the past year"
    if name in NUMBERS:
        how_long = "a year or more" if row[name] >= 12 else f"{row[name]:.0f} months"
        return f"{how_long} {name.removeprefix('months_').replace('_', ' ')}"
    column, value = name.split(": ", 1)
    said = f"{column.replace('_', ' ')}: {value.lower()}"
    return said if row[column] == value else f"not {said}"
