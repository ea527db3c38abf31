"""What goes with unstable placements (diagnostic).

This file is the tool. To make the project yours, keep the three functions and the names in capitals, and change
what is in them: `prepare` makes one row for each child and year, `run` adds what the tool says of it, `explain`
says why in words.

The method is indirect standardisation. Children differ in age and in where they live, and both go with moving. So
each child is given the share of unstable placements among all children of the same age band and placement type:
what would be expected if only these two mattered. A group whose observed number is well above its expected number
stands out for another reason. It does not say which reason, and it does not say that the group is the cause.
"""

import pandas as pd

from evidence.measures import placements

# One row is one child in one year; the columns that name the child and the period.
UNIT = "child"
PERIOD = "year_end"
# Results are shown and compared by these columns.
GROUPS = ["sex", "ethnic_group", "category_of_need", "age_band", "placement_type"]
# Groups are compared by these, and what the tool says of a child must not hang on them.
LEFT_OUT = ["sex", "ethnic_group"]
# Protected characteristics are found by the names of columns; PROTECTED = ["sex"] would name them itself.
# What happened (true or false), what the tool says of it, and a probability of a prediction where it gives one.
OUTCOME = "outcome"
OUTPUT = "expected"
SCORE = None
# The tables and columns that are read. Nothing else is needed, so nothing else is asked for.
TABLES = {"header": placements.HEADER_COLUMNS, "episodes": placements.EPISODE_COLUMNS}
DEFINITION = placements.DEFINITION

# What children are made alike in before groups are compared.
STANDARDISED_BY = ["age_band", "placement_type"]
# Fewer children alike than this say too little: they are given the share of their age band instead.
FEWEST_ALIKE = 20


def outcome_words(parameters):
    """The outcome as the headlines say it: the share with ..."""
    return f"{parameters['placements_at_least']} or more placements in the year"


def prepare(tables, parameters):
    """One row for each child looked after on 31 March of each year that the data covers, at most three."""
    placements.need(tables, TABLES)
    # The episodes are put in order once, because everything below asks for them.
    tables = {**tables, "episodes": placements.follow_placements(tables["episodes"])}
    years = placements.years_covered(tables["episodes"], parameters)
    frame = pd.concat([_year(tables, day) for day in years], ignore_index=True)
    frame[OUTCOME] = (frame["placements"] >= parameters["placements_at_least"]).astype("boolean")
    return placements.in_steady_order(frame)


def _year(tables, day):
    rows = placements.children_on(tables, day)
    # Where a child lives at the end of the year may be the result of the moves, so the year's first placement is taken.
    first = placements.in_year(tables["episodes"], day).drop_duplicates("CHILD").set_index("CHILD")["PLACE"]
    rows["placement_type"] = placements.placement_type(rows[UNIT].map(first)).array
    return rows


def run(frame, parameters):
    """The same rows with the expected probability of the outcome (0 to 1), and observed less expected."""
    output = frame.copy()
    happened = frame[OUTCOME].astype("float")
    # observed=False and dropna=False keep groups that are empty or not known.
    alike = happened.groupby([frame[column] for column in STANDARDISED_BY], observed=False, dropna=False)
    same_age = happened.groupby(frame["age_band"], observed=False, dropna=False)
    enough = alike.transform("size") >= FEWEST_ALIKE
    output["alike"] = alike.transform("size")
    output[OUTPUT] = alike.transform("mean").where(enough, same_age.transform("mean"))
    # Stability changes from year to year, and few children alike borrow a share from others: the expected numbers of
    # each year are brought to the observed total of that year, so that groups are compared and not years.
    observed = happened.groupby(frame[PERIOD]).transform("sum")
    expected = output.groupby(PERIOD)[OUTPUT].transform("sum")
    output[OUTPUT] = (output[OUTPUT] * (observed / expected).where(expected > 0, 1)).clip(upper=1)
    output["difference"] = happened - output[OUTPUT]
    return output


def explain(frame, parameters):
    """For each row, a sentence that says whom the child is compared with and what was expected of it."""
    words = [
        f"Of 100 children like this one ({_alike(row)}) about {100 * row.expected:.0f} had "
        f"{parameters['placements_at_least']} or more placements in the year; "
        f"this child had {row.placements}. This says what goes together, not what causes it."
        for row in frame.itertuples()
    ]
    return pd.DataFrame({"why": words}, index=frame.index, dtype="str")


def alternatives(tables, parameters):
    """Other ways to count, for the test of how much of the figure is the definition: words -> (tables, parameters)."""
    return placements.alternatives(tables, parameters)


def weights(frame, parameters):
    """Rows are children, once for each year; expected is the mean chance of the outcome in such a group, 0 to 1."""
    tables = {
        column.replace("_", " "): frame.groupby(column)[OUTPUT].agg(rows="size", expected="mean")
        for column in STANDARDISED_BY
    }
    return pd.concat(tables, names=["characteristic", "group"])


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


def _alike(row):
    if row.alike >= FEWEST_ALIKE:
        return f"age {row.age_band.lower()}, year begun in: {row.placement_type.lower()}"
    return f"age {row.age_band.lower()}, any placement because few are in the same"
