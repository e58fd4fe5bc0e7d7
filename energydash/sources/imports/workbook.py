"""Spreadsheets (xlsx): the first sheet with rows, as the CSV that it would be exported as."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime
from typing import Any, Final

from energydash.sources.tables import LARGEST_ZIP_BYTES, File, trouble

MAGIC: Final = b"PK\x03\x04"
TOO_LARGE: Final = "it unpacks to more than 500 MB, so it is not read"


def is_workbook(body: bytes) -> bool:
    """True for an xlsx file: a zip with a workbook in it."""
    if not body.startswith(MAGIC):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def as_csv(file: File) -> File:
    """Values, not formulas; dates as ISO texts. Raises InputError."""
    from openpyxl import load_workbook

    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        if sum(info.file_size for info in archive.infolist()) > LARGEST_ZIP_BYTES:
            raise trouble(file.name, TOO_LARGE)
    try:
        book = load_workbook(io.BytesIO(file.data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            text = io.StringIO()
            rows = csv.writer(text, lineterminator="\n")
            count = 0
            for row in sheet.iter_rows(values_only=True):
                rows.writerow([_text(cell) for cell in row])
                count += any(cell is not None for cell in row)
                if text.tell() > LARGEST_ZIP_BYTES:  # a long text that many cells share
                    raise trouble(file.name, TOO_LARGE)
            if count > 1:
                return File(file.name, text.getvalue().encode())
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise trouble(file.name, "it is not a spreadsheet that can be read") from error
    raise trouble(file.name, "it has no sheet with rows")


def _text(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return "" if cell is None else cell
