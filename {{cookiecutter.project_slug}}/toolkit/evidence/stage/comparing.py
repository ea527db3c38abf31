"""The council beside others, from the files in data/published and the measures named in reference/comparisons.csv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.project import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from evidence.data import Tables
    from evidence.measures.comparisons import PublishedMeasure
    from evidence.project import Project
    from evidence.stage.stage import Stage

LIST, FOLDER = "reference/comparisons.csv", "data/published"


def show_comparisons(stage: Stage) -> None:
    """Shows each measure whose file is there: table, trend and funnel; says for the others which file to put where.

    Records `comparisons` (all tables, one under the other, with the column `measure_name`) where there is at least one.
    """
    import pandas as pd

    from evidence.measures.comparisons import read_comparisons

    path = stage.project.path(LIST)
    if not path.is_file():
        stage.say(f"There is no list of comparisons. It belongs in {LIST}.")
        return
    _note(stage, path)
    measures = read_comparisons(path, LIST)
    missing = [one for one in measures if not stage.project.path(FOLDER, one.file).is_file()]
    if stage.project.facts.council_is_fictional:
        stage.say(
            "The council of this project is made up, so no published figure is its own. For a real one, its codes in "
            f"project.toml and the Department's files in {FOLDER} put it beside England, its region and its neighbours."
        )
        return
    stage.list(
        f"Published figures to compare with, once these files are in {FOLDER}:",
        [f"{one.name}: {one.file}" for one in missing],
    )
    neighbours, source = _neighbours(stage)
    there = [one for one in measures if one not in missing]
    tables = [_show_one(stage, one, f"others_{place}", neighbours, source) for place, one in enumerate(there, 1)]
    if tables:
        stage.record("comparisons", pd.concat(tables))


def show_disproportionality(stage: Stage, frame: pd.DataFrame, tables: Tables) -> None:
    """Shows who has the outcome more often than others, and who is in the data more often than in the population.

    By disability and area too where the data holds them; says which characteristics are missing.
    """
    from evidence import measures
    from evidence.measures import words
    from evidence.measures.disproportionality import PROTECTION
    from evidence.stage.stage import TIMES_AS_OFTEN

    frame = measures.with_characteristics(frame, tables, stage.tool.UNIT)
    table = measures.disproportionality_of(stage.tool, frame, stage.rules)
    stage.record("disproportionality", table)
    stage.list("Not compared, because neither the tool's rows nor the data at hand hold it:", measures.not_there(frame))
    stage.show(
        table.rename(columns=TIMES_AS_OFTEN),
        words.disproportionality(table, stage.rules),
        name="disproportionality",
        source=stage.source,
        note="A ratio of 1 is no difference. It says where to look, not why.",
        counts=["denominator"],
        parts={"n": "denominator"},
        percent=["percent", "low", "high"],
    )
    people, source, missing = population(stage)
    if people is None:
        stage.say(missing)
        return
    beside = measures.against_population_of(stage.tool, frame, people, stage.rules)
    there = set(beside.index.unique("characteristic")) if len(beside) else set()
    lacking = [one for one in table.index.unique("characteristic") if one not in there]
    stage.list(f"Of these, {source} names no people, so there is no population to compare with:", lacking)
    stage.record("disproportionality.population", beside)
    stage.show(
        beside.rename(columns=TIMES_AS_OFTEN),
        words.against_population(beside, stage.rules),
        name="disproportionality_population",
        source=f"{stage.source.rstrip('.')}; people: {source}.",
        note="The ratio compares children in the data for 10,000 people. People of all ages are counted where the "
        "population's table holds all ages.",
        **PROTECTION,
    )


def population(stage: Stage) -> tuple[pd.DataFrame | None, str, str]:
    """(people by group, where from, or what is missing in words)."""
    if stage.on_sample_data:
        return None, "", "The sample data is made up, so it is not compared with any real population."
    return find_population(stage.project, lambda path: _note(stage, path))


def find_population(project: Project, on_read: Callable[[Path], None]) -> tuple[pd.DataFrame | None, str, str]:
    """As `population`, for a project: the first table of people in data/published that has the council."""
    from evidence import measures
    from evidence.data import read_plain

    needed = f"To compare with the population, put a table of people in {FOLDER}: its README says which."
    for path in sorted(project.path(FOLDER).glob("*.csv")):
        with path.open("rb") as file:
            heads = file.readline().decode("utf-8-sig", errors="replace").lower()
        if "population" not in heads and "observation" not in heads:
            continue
        frame, name = read_plain(path, project.relative(path)), project.relative(path)
        if not measures.is_population(frame):
            continue
        on_read(path)
        mapping = project.path("reference", "ethnic_groups.csv")
        on_read(mapping)
        groups = measures.read_ethnic_groups(mapping)
        people = measures.population_of(frame, project.facts.council_code, groups, name)
        if len(people):
            return people, path.name, ""
        needed = f"{path.name} holds no people of {project.facts.council}."
    return None, "", needed


def show_published_checks(stage: Stage, frame: pd.DataFrame) -> None:
    """Shows own counts beside published ones of the same figure, and the same periods in an earlier extract."""
    from evidence import measures

    if measures.kind(stage.tool) == "predictive":
        stage.say("This tool predicts, so there is no published figure that its output could be counted against.")
    elif stage.on_sample_data:
        stage.say("The sample data is made up: no published figure is about it.")
    else:
        _show_reconciliation(stage, frame)
    if stage.results.has(5, "revisions"):
        _show_revisions(stage, stage.result(5, "revisions"))


def _show_reconciliation(stage: Stage, frame: pd.DataFrame) -> None:
    from evidence import measures
    from evidence.measures import words
    from evidence.measures.comparisons import read_comparisons

    path, council = stage.project.path(LIST), stage.project.facts.council_three_digit_code
    named = read_comparisons(path, LIST) if path.is_file() else []
    same = [one for one in named if one.is_of_tool(stage.parameters)]
    there = [one for one in same if council and stage.project.path(FOLDER, one.file).is_file()]
    if not there:
        files = " or ".join(one.file for one in same) or "the file of the figure"
        stage.say(f"To check own counts against published ones, put {files} in {FOLDER} and name the figure in {LIST}.")
        return
    series = published_series(stage, there[0])
    published = series[series["code"] == council].set_index("year")[["n", "denominator", "symbol"]]
    own = measures.own_counts(frame, stage.tool.OUTCOME, stage.tool.PERIOD)
    table = measures.against_published(own, published, there[0].rounded_to)
    stage.record("published", table, when=table["published_n"].notna().any())
    stage.show(
        table,
        words.against_published(table),
        name="published",
        source=f"{stage.source.rstrip('.')}; published statistics, {there[0].file}.",
        counts=["denominator"],
        parts={"n": "denominator"},
        percent=["percent", "low", "high"],
    )


def show_revisions(stage: Stage, frame: pd.DataFrame) -> None:
    """Shows and records the same periods in an earlier extract; says where to put one where there is none."""
    from evidence import measures

    folder = f"{stage.parameters['data_folder']}/earlier"
    if stage.on_sample_data or not stage.project.path(folder).is_dir():
        stage.results.will_not_record("revisions")
        stage.say(
            "There is no earlier extract of the made-up sample data to compare it with."
            if stage.on_sample_data
            else "To see whether the past has been revised, put an earlier extract in the data's folder, in `earlier`."
        )
        return
    earlier = stage.tool.prepare(stage.data(folder), stage.parameters)
    now, then = (measures.by_period(stage.tool, one) for one in (frame, earlier))
    table = measures.revisions(now, then, stage.rules)
    stage.record("revisions", table, when=len(table) > 0)
    _show_revisions(stage, table)


def _show_revisions(stage: Stage, table: pd.DataFrame) -> None:
    from evidence.measures import words

    stage.show(
        table,
        words.revisions(table),
        name="revisions",
        source=stage.source,
        counts=["denominator", "denominator_before"],
        parts={"n": "denominator", "n_before": "denominator_before"},
        percent=["percent", "low", "high", "difference", "percent_before"],
    )


def published_series(stage: Stage, measure: PublishedMeasure) -> pd.DataFrame:
    """The figures of one measure, and a note that its file was read."""
    from evidence.data import read_published
    from evidence.measures.comparisons import series_of

    path = stage.project.path(FOLDER, measure.file)
    _note(stage, path)
    return series_of(read_published(path, stage.project.relative(path)), measure)


def _show_one(
    stage: Stage, measure: PublishedMeasure, name: str, neighbours: list[str], neighbour_source: str
) -> pd.DataFrame:
    from evidence.measures import comparing_words as words
    from evidence.measures.comparisons import AUTHORITY, ENGLAND, against_others, codes_of, funnel_of, trend_of

    series, council = published_series(stage, measure), stage.project.facts.council_three_digit_code
    chosen = codes_of(measure.others, series, measure.where)
    percent = measure.per == 100
    source = f"published statistics, {measure.file}; {neighbour_source}."
    table = against_others(series, measure, council, neighbours, chosen)
    stage.show(
        table.rename(columns={"value": measure.unit}).astype({"year": "str"}),
        words.beside_others(table, measure),
        name=name,
        note=f"{words.rank(series, measure, council, neighbours)} England and the region hold the council itself.",
        source=source,
        counts=[],
        percent=[measure.unit, "low", "high", "difference", "difference_low", "difference_high"] if percent else [],
        chart=stage.bars(measure.unit, low="low", high="high", percent=percent),
    )
    trend = trend_of(series, measure, council, neighbours)
    lines = [name for name in trend if name != "neighbours_with_a_figure"]
    stage.show(
        trend,
        words.trend(trend, measure),
        name=f"{name}_trend",
        source=source,
        counts=[],
        percent=lines if percent else [],
        chart=stage.lines(*lines, percent=percent),
    )
    funnel = funnel_of(series, measure, council, neighbours, chosen)
    apart = funnel["kind"] != AUTHORITY
    england = table.loc[table["kind"] == ENGLAND, "value"]
    stage.show(
        funnel.loc[apart, ["kind", "n", "denominator", "value", "standing", "standing_by_chance"]].rename(
            columns={"value": measure.unit}
        ),
        words.funnel(funnel),
        name=f"{name}_funnel",
        note=f"Every authority is in the file {name}_funnel_all.csv. {words.how_limits_are_drawn(funnel)}".strip(),
        source=source,
        counts=[],
        percent=[measure.unit] if percent else [],
        chart=stage.funnel(measure.unit, "denominator", percent, *_centre(england, ENGLAND)),
        drawn=funnel.rename(columns={"value": measure.unit}),
    )
    return table.reset_index().assign(measure_name=measure.name)


def _centre(england: pd.Series, name: str) -> tuple[float | None, str]:
    return (float(england.iloc[0]), name) if england.notna().any() else (None, "")


def _neighbours(stage: Stage) -> tuple[list[str], str]:
    """The ten statistical neighbours and their source: a wide file in data/published, else the reference."""
    import csv
    import io

    from evidence.data import read_plain
    from evidence.measures.comparisons import neighbour_columns, statistical_neighbours
    from evidence.project import read_text

    council = stage.project.facts.council_three_digit_code
    for path in sorted(stage.project.path(FOLDER).glob("*.csv")):
        with path.open("rb") as file:
            heads = file.readline().decode("utf-8", errors="replace")
        if "SN_1" in heads and neighbour_columns(frame := read_plain(path, stage.project.relative(path))):
            _note(stage, path)
            return statistical_neighbours(frame, council), f"statistical neighbours from {path.name}"
    path = stage.project.path("reference", "authorities.csv")
    _note(stage, path)
    for row in csv.DictReader(io.StringIO(read_text(path))):
        if row["three_digit_code"] == council:
            codes = [row[f"neighbour_{number}"] for number in range(1, 11)]
            return [code for code in codes if code], "statistical neighbours from reference/authorities.csv"
    return [], "no statistical neighbours are known"


def _note(stage: Stage, path: Path) -> None:
    stage.results.note_read(stage.number, "file", stage.project.relative(path), sha256_of_file(path))
