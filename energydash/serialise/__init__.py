"""Answers as rows or JSON: a page's CSV, REST and the command line all show the same `Document`."""

from energydash.serialise.document import Document, csv_text, jsonable, to_json, with_unit

__all__ = ["Document", "csv_text", "jsonable", "to_json", "with_unit"]
