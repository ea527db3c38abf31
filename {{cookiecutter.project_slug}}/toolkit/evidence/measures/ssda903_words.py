"""What the codes of the SSDA903 return mean, in the few groups that figures are compared by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence.data import NOT_KNOWN

SEX = {"M": "Male", "F": "Female", "U": NOT_KNOWN}

# The census groups: Chinese belongs to Asian, Gypsy, Roma and Irish Traveller to White.
ETHNIC_GROUP = {
    **dict.fromkeys(["WBRI", "WIRI", "WOTH", "WIRT", "WROM"], "White"),
    **dict.fromkeys(["MWBC", "MWBA", "MWAS", "MOTH"], "Mixed"),
    **dict.fromkeys(["AIND", "APKN", "ABAN", "AOTH", "CHNE"], "Asian"),
    **dict.fromkeys(["BCRB", "BAFR", "BOTH"], "Black"),
    "OOTH": "Other",
    **dict.fromkeys(["REFU", "NOBT"], NOT_KNOWN),
}

CATEGORY_OF_NEED = {
    "N1": "Abuse or neglect",
    "N2": "Child's disability",
    "N3": "Parent's illness or disability",
    "N4": "Family in acute stress",
    "N5": "Family dysfunction",
    "N6": "Behaviour",
    "N7": "Low income",
    "N8": "Absent parenting",
}

PLACEMENT_TYPE = {
    **dict.fromkeys(["U1", "U2", "U3"], "Foster care, relative or friend"),
    **dict.fromkeys(["U4", "U5", "U6"], "Foster care, other carer"),
    **dict.fromkeys(["K1", "K2"], "Children's home or secure unit"),
    **dict.fromkeys(["K3", "H5", "P2"], "Supported or independent living"),
    "P1": "With parents",
    **dict.fromkeys(["A3", "A4", "A5", "A6"], "Placed for adoption"),
}
OTHER_PLACEMENT = "Other"


def words_for(codes: pd.Series, meaning: dict[str, str], other: str = NOT_KNOWN) -> pd.Series:
    """Each code in words; a code that is not listed becomes `other`, a blank one `Not known`."""
    places, unique = pd.factorize(codes, use_na_sentinel=True)
    words = pd.array([*(meaning.get(code, other) for code in unique), NOT_KNOWN], dtype="str")
    return pd.Series(words.take(places), index=codes.index, name=codes.name)


def age_on(day: pd.Timestamp, birth_month: pd.Series) -> pd.Series:
    """Whole years on `day` (a month's last day, so that the day of birth does not matter); missing outside 0 to 17."""
    months = birth_month.to_numpy().astype("datetime64[M]").astype("int64")
    age = ((day.year - 1970) * 12 + day.month - 1 - months) // 12
    missing = birth_month.isna().to_numpy() | (age < 0) | (age > 17)
    return pd.Series(pd.arrays.IntegerArray(np.where(missing, 0, age), missing), birth_month.index)
