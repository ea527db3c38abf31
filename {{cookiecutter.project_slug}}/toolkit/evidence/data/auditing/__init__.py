"""The audit of a council's tables: what is counted, which rules fail and where, and whether that is good enough."""
