"""How placement stability changes from year to year (descriptive).

This file is the tool. To make the project yours, keep the three functions and the names in capitals, and change
what is in them: `prepare` makes one row for each child and year, `run` adds what the tool says of it, `explain`
says why in words.
"""

import pandas as pd

from evidence.measures import placements

# One row is one child in one year; the columns that name the child and the period.
UNIT = "child"
PERIOD = "year_end"
# Results are shown and compared by these columns.
GROUPS = ["sex", "age_band", "ethnic_group", "placement_type"]
# Groups are compared by these, and what the tool says of a child must not hang on them.
LEFT_OUT = ["sex", "ethnic_group"]
# Protected characteristics are found by the names of columns; PROTECTED = ["sex"] would name them itself.
# What happened (true or false), what the tool says of it, and a probability where it gives one.
OUTCOME = "outcome"
OUTPUT = "stability"
SCORE = None
# The tables and columns that are read. Nothing else is needed, so nothing else is asked for.
TABLES = {"header": placements.HEADER_COLUMNS, "episodes": placements.EPISODE_COLUMNS}
DEFINITION = placements.DEFINITION


def outcome_words(parameters):
    """The outcome as the headlines say it: the share with ..."""
    return f"{parameters['placements_at_least']} or more placements in the year"


def prepare(tables, parameters):
    """One row for each child looked after on 31 March of each year that the data covers, at most three."""
    placements.need(tables, TABLES)
    return placements.in_steady_order(_every_year(tables, parameters))


def _every_year(tables, parameters):
    # The episodes are put in order once, because everything below asks for them.
    tables = {**tables, "episodes": placements.follow_placements(tables["episodes"])}
    frames = []
    days = placements.years_covered(tables["episodes"], parameters)
    for frame in placements.children_on_each(tables, days):
        frame[OUTCOME] = (frame["placements"] >= parameters["placements_at_least"]).astype("boolean")
        # The number a year before; children who were not looked after then have none.
        before = frames[-1].set_index(UNIT)["placements"] if frames else pd.Series(dtype="int64")
        frame["placements_before"] = frame[UNIT].map(before).astype("Int64")
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def run(frame, parameters):
    """The same rows with each child's stability in words, and the change since the year before."""
    output = frame.copy()
    many = f"{parameters['placements_at_least']} or more placements"
    output[OUTPUT] = "moved, but fewer than " + many.replace(" or more", "")
    # A child who was in temporary placements alone has none that count, and did not move between any.
    output.loc[output["placements"] <= 1, OUTPUT] = "same placement all year"
    output.loc[output[OUTCOME], OUTPUT] = many

    output["change"] = output["placements"] - output["placements_before"]
    return output


def explain(frame, parameters):
    """For each row, a sentence that says what was counted and what that makes it."""
    words = [
        f"{_placements(row.placements)} in the year; {_change(row.change)}. "
        f"{parameters['placements_at_least']} or more count as unstable."
        for row in frame.itertuples()
    ]
    return pd.DataFrame({"why": words}, index=frame.index, dtype="str")


def alternatives(tables, parameters):
    """Other ways to count, for the test of how much of the figure is the definition: words -> (tables, parameters)."""
    return placements.alternatives(tables, parameters)


def weights(frame, parameters):
    """Rows are children, once for each year: so many were given each kind of stability."""
    return frame[OUTPUT].value_counts().sort_index().rename_axis("factor").to_frame("rows")


def series(tables, parameters):
    """Children who moved to another placement in the month, of those looked after on its last day."""
    return placements.moves_by_month(tables["episodes"], parameters)


def recount(tables, frame, parameters):
    """The placements of these rows counted in a second way, to check the first: a Series with the rows' index."""
    counted = pd.Series(0, index=frame.index)
    for day, rows in frame.groupby(PERIOD):
        again = placements.recount(tables["episodes"], rows[UNIT], day)
        counted[rows.index] = rows[UNIT].map(again)
    return counted


def _placements(number):
    return "1 placement" if number == 1 else f"{number} placements"


def _change(change):
    if pd.isna(change):
        return "not looked after a year before, so there is nothing to compare with"
    if change == 0:
        return "as many as in the year before"
    return f"{abs(change)} {'more' if change > 0 else 'fewer'} than in the year before"
