"""Opens a council's files and hands over de-identified tables; audits them; makes sample data."""

from evidence.project.lazily import lazily

# Commands that need no table of data do without pandas and all that reads files.
__all__ = lazily(
    __name__,
    {
        "access": ["access_log_lines", "log_look_up", "usage"],
        "area": ["in_area"],
        "auditing": ["words"],
        "auditing.checking": ["audit", "error_families", "failing_rows"],
        "auditing.earlier": ["load_with_earlier"],
        "auditing.groups": ["AGE_BANDS", "NOT_KNOWN", "age_band", "children_by_group", "filled_by_group"],
        "auditing.in_files": ["tables_for_audit", "tables_in_files"],
        "auditing.keys": ["key_integrity"],
        "auditing.own_rules": ["not_checked"],
        "auditing.positions": ["write_positions"],
        "auditing.profiling": ["conformance", "missing", "profile"],
        "auditing.verdict": ["quality_decision"],
        "auditing.years": ["activity", "comparable_years", "last_year_end", "latest_day", "year_reached"],
        "cataloguing.catalogues": ["catalogue", "catalogue_summary"],
        "codes": ["code_lists", "codes", "groups", "labels"],
        "decisions": ["load_decisions"],
        "deidentify": ["each_text"],
        "identifying": ["identifying_values"],
        "loading": ["load_tables"],
        "published": ["audit_published", "contents_published", "load_published", "symbols_published"],
        "rules": ["RULES"],
        "sample": ["generate_sample"],
        "sources": ["DatabaseRead", "read_plain", "read_published"],
        "tables": ["Tables"],
    },
)
