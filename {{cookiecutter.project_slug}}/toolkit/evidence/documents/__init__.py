"""The eight documents: what people wrote under each heading, with what the project already knows beside it."""

from evidence.documents.filled import FilledDocument, Known, Section, open_documents
from evidence.documents.markdown import to_markdown
from evidence.documents.word import to_word

__all__ = ["FilledDocument", "Known", "Section", "open_documents", "to_markdown", "to_word"]
