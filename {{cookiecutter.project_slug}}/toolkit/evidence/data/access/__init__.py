"""Who may see the council's own data, what they see of it, and the log of who read what."""

from evidence.project.lazily import lazily

# A run and `evidence status` ask who is at work and what the log says, and need no table for it.
__all__ = lazily(
    __name__,
    {
        "chain": ["Fault", "Head"],
        "log": [
            "accept_faults",
            "access_log_lines",
            "admitted",
            "is_whole",
            "log_digest",
            "log_look_up",
            "log_path",
            "read_log",
            "remembered_head",
        ],
        "people": ["Access", "Person", "access_to", "current_login", "mark", "people", "row_to_add"],
        "rules": ["Withheld"],
        "summaries": ["access_log_summary", "access_plan", "flag_counts", "role_access", "usage"],
    },
)
