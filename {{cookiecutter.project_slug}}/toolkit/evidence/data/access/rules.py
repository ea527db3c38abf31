"""What a role sees of the catalogue: which data sets it may open, which columns of them stay hidden, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from evidence.data.access.people import Access

OTHER_ROLES = "for other roles"
SPECIAL = "special category data"


@dataclass
class Withheld:
    """What was not handed over to a role, and whom to ask for it.

    tables: name -> why, and whom to ask. columns: (table, column, why). role: empty where the data is made up;
    standing: the role and its permission, in words.
    """

    role: str = ""
    standing: str = ""
    ask: str = ""
    tables: dict[str, str] = field(default_factory=dict)
    columns: list[tuple[str, str, str]] = field(default_factory=list)

    def notes(self) -> list[str]:
        """What a page says of it, in words: tables first, then columns by reason. Names no person."""
        said = [
            f"The table {name} was not loaded for the role {self.role}: {why}." for name, why in self.tables.items()
        ]
        for reason in dict.fromkeys(reason for _, _, reason in self.columns):
            hidden = [f"{column} of {table}" for table, column, why in self.columns if why == reason]
            said.append(f"Hidden from the role {self.role} ({reason}): {', '.join(hidden)}. Ask: {self.ask}.")
        return said


def roles_named(cell: str) -> list[str]:
    """The roles in a cell of the catalogue's column `access`; none means every role."""
    return [role.strip().lower() for role in cell.split(";") if role.strip()]


def reasons(rows: pd.DataFrame, role: str, special_category: bool) -> pd.Series:
    """For each row of the catalogue why a role does not see it, empty where it does; a data set's goes for its columns.

    Data that could be special category data (UK GDPR article 9, and article 10 on offences) is marked in the column
    `special_category`, on the data set or on a column of it.
    """
    own = [_reason(row, role, special_category) for row in rows[["access", "special_category"]].to_dict("records")]
    own = pd.Series(own, index=rows.index, dtype="str")
    places = list(zip(rows["source"], rows["table"], strict=True))
    of_data_set = {place: why for place, why, column in zip(places, own, rows["column"], strict=True) if not column}
    inherited = pd.Series([of_data_set.get(place, "") for place in places], index=rows.index, dtype="str")
    return inherited.where(inherited != "", own)


def _reason(row: dict[str, str], role: str, special_category: bool) -> str:
    allowed = roles_named(row["access"])
    if allowed and role not in allowed:
        return OTHER_ROLES
    return SPECIAL if row["special_category"] == "yes" and not special_category else ""


def withhold(
    variables: pd.DataFrame, rows: pd.DataFrame, held: dict[str, list[str]], access: Access
) -> tuple[pd.DataFrame, Withheld]:
    """Those of `variables` (rows of the catalogue `rows`) that `access` may have, and what is withheld of the others.

    held: table -> its columns in the files; what the files do not hold is not withheld.
    """
    withheld = Withheld(access.role, access.standing, access.ask)
    if access.everything:
        return variables, withheld
    why = reasons(rows, access.role, access.special_category)
    for place, row in rows[(why != "") & (rows["column"] == "") & rows["table"].isin(held)].iterrows():
        withheld.tables[row["table"]] = f"it is {why[place]}. Ask: {row['owner'] or access.ask}"
    why = why[variables.index]
    for place, row in variables[why != ""].iterrows():
        if row["table"] not in withheld.tables and row["column"] in held.get(row["table"], ()):
            withheld.columns.append((row["table"], row["column"], why[place]))
    return variables[why == ""], withheld
