"""What a notebook imports: it opens its stage, shows tables and charts, records results and reads earlier ones."""

from evidence.stage.stage import Stage, headline_text, open_stage

__all__ = ["Stage", "headline_text", "open_stage"]
