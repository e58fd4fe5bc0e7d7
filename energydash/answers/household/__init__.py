"""A household's own data: connect accounts, bring readings and prices in, import, export."""

from energydash.answers.household.accounts import (
    Connected,
    Ingested,
    OwnFigures,
    connect,
    find_meters,
    ingest,
    own_figures,
)
from energydash.answers.household.exports import Exported, export_readings, export_tariffs
from energydash.answers.household.imports import (
    ImportedReadings,
    ReadingsImport,
    TariffImport,
    import_readings,
    import_tariffs,
)
from energydash.sources.files import Upload

__all__ = [
    "Connected",
    "Exported",
    "ImportedReadings",
    "Ingested",
    "OwnFigures",
    "ReadingsImport",
    "TariffImport",
    "Upload",
    "connect",
    "export_readings",
    "export_tariffs",
    "find_meters",
    "import_readings",
    "import_tariffs",
    "ingest",
    "own_figures",
]
