"""Rules on the children themselves."""

from __future__ import annotations

from evidence.data.rules.rule import REPEATED, outside, rule


@rule("HD01", "Child is listed more than once", table="header", columns=["CHILD"], needs=["CHILD"], family=REPEATED)
def listed_twice(header):
    return header["CHILD"].duplicated()


@rule("HD02", "Date of birth is missing", table="header", columns=["DOB"])
def no_date_of_birth(header, header_malformed):
    return header["DOB"].isna() & ~header_malformed["DOB"]


@rule("HD03", "Date of birth is no date", table="header", columns=["DOB"])
def date_of_birth_unreadable(header_malformed):
    return header_malformed["DOB"]


@rule("HD04", "Sex is missing or not on the list", table="header", columns=["SEX"])
def sex_not_on_list(header, allowed):
    return header["SEX"].isna() | outside(header["SEX"], allowed["SEX"])


@rule("HD05", "Ethnic group is missing or not on the list", table="header", columns=["ETHNIC"])
def ethnic_group_not_on_list(header, allowed):
    return header["ETHNIC"].isna() | outside(header["ETHNIC"], allowed["ETHNIC"])


@rule("HD06", "Pupil number does not have the right shape", table="header", columns=["UPN"])
def pupil_number_malformed(header_malformed):
    return header_malformed["UPN"]


@rule(
    "HD07", "Two children share a pupil number", table="header", columns=["UPN"], needs=["UPN"], family=REPEATED,
    across_children=True,
)  # fmt: skip
def pupil_number_shared(header, header_malformed):
    usable = header.loc[~header_malformed["UPN"] & ~header["UPN"].str.startswith("UN", na=True), ["UPN", "CHILD"]]
    one_a_child = usable.drop_duplicates()["UPN"]
    return header["UPN"].isin(one_a_child[one_a_child.duplicated()])


@rule("HD08", "Born after the return's year", table="header", columns=["DOB"], needs=["DOB"])
def born_too_late(header, year_end):
    return header["DOB"] > year_end


@rule(
    "HD09", "Has a child's date of birth, but is not recorded as a mother", table="header", columns=["MOTHER", "MC_DOB"]
)
def baby_without_mother(header):
    return header["MC_DOB"].notna() & (header["MOTHER"] != "1")


@rule("HD10", "Pupil number is missing, without a reason", table="header", columns=["UPN"])
def no_pupil_number(header):
    return header["UPN"].isna()


@rule("HD11", "Row says of no child", table="header", columns=["CHILD"])
def no_child(header):
    return header["CHILD"].isna()
