"""What a notebook imports: it opens its stage, shows tables and charts, records results and reads earlier ones."""

from evidence.stage.documents import document_html
from evidence.stage.stage import Stage, open_stage

__all__ = ["Stage", "document_html", "open_stage"]
