"""Small saved answers in every provider's own format, written by us for the tests."""

from __future__ import annotations

import json

CAISO_HEADER = (
    "Time,Solar,Wind,Geothermal,Biomass,Biogas,Small hydro,Coal,Nuclear,Natural Gas,"
    "Large Hydro,Batteries,Imports,Other"
)


def caiso_mix(*times: str) -> bytes:
    rows = [f"{at},10,20,30,40,5,6,7,80,90,100,-11,12,0" for at in times]
    return "\n".join([CAISO_HEADER, *rows, ""]).encode()


def nyiso_mix(*stamps: tuple[str, str, float]) -> bytes:
    """(time, zone, MW of hydro)."""
    rows = [f"{at},{zone},Hydro,{mw}" for at, zone, mw in stamps]
    return "\r\n".join(["Time Stamp,Time Zone,Fuel Category,Gen MW", *rows]).encode()


def isone_mix(*rows: tuple[str, str, float | None]) -> bytes:
    records = [{"BeginDate": at, "FuelCategory": fuel, "GenMw": mw} for at, fuel, mw in rows]
    return json.dumps({"GenFuelMixes": {"GenFuelMix": records}}).encode()


def ercot_mix(instants: dict[str, dict[str, float]]) -> bytes:
    data: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for stamp, fuels in instants.items():
        data.setdefault(stamp[:10], {})[stamp] = {k: {"gen": v} for k, v in fuels.items()}
    return json.dumps({"lastUpdated": "2026-01-02 00:00:00-0600", "data": data}).encode()


def miso_mix(*rows: tuple[str, str, object]) -> bytes:
    records = [{"INTERVALEST": at, "CATEGORY": fuel, "ACT": mw} for at, fuel, mw in rows]
    return json.dumps({"RefId": "x", "Fuel": {"Type": records}}).encode()


SPP_MIX = b"""GMT MKT Interval, Coal Market, Coal Self, Natural Gas Market, Gas Self, Wind Market, \
Wind Self, Waste Heat Market, Waste Heat Self, Energy Storage Market, Energy Storage Self, \
Peat Market, Peat Self, Load
2026-07-01T00:00:00Z,1000,500,700,30,4000,10,5,0,-20,0,1,2,9000
2026-07-01T00:05:00Z,1001,,701,30,4001,10,5,0,-21,0,1,2,9001
"""

BPA = """BPA Balancing Authority Load & Total VER
at 5-minute intervals, last 7 days
Dates: 30Oct2026 - 06Nov2026 (last updated 01Nov2026 02:02:06) Pacific Time
Based on 5-min MW readings from the BPA SCADA system
BPA/Technical Operations
Another line of text
And one more

Date/Time       \tLoad\tVER\tHydro\tFossil/Biomass\tNuclear
11/01/2026 00:55\t5000\t900\t6000\t800\t1150
11/01/2026 01:00\t5001\t901\t6001\t801\t1151
11/01/2026 01:55\t5002\t902\t6002\t802\t1152
11/01/2026 01:00\t5003\t903\t6003\t803\t1153
11/01/2026 01:55\t5004\t904\t6004\t\t1154
11/01/2026 02:00\t5005\t905\t6005\t805\t1155
11/01/2026 02:05\t\t\t\t\t
11/01/2026 02:10
""".replace("\n", "\r\n").encode()

IESO_GENERATORS = b"""<?xml version="1.0" encoding="UTF-8"?>
<IMODocument xmlns="http://www.theIMO.com/schema"><IMODocBody><Date>2026-07-01</Date><Generators>
<Generator><GeneratorName>A-G1</GeneratorName><FuelType>NUCLEAR</FuelType><Outputs>
<Output><Hour>1</Hour><EnergyMW>800</EnergyMW></Output>
<Output><Hour>2</Hour><EnergyMW>801</EnergyMW></Output></Outputs></Generator>
<Generator><GeneratorName>A-G2</GeneratorName><FuelType>NUCLEAR</FuelType><Outputs>
<Output><Hour>1</Hour><EnergyMW>700</EnergyMW></Output>
<Output><Hour>2</Hour></Output></Outputs></Generator>
<Generator><GeneratorName>B</GeneratorName><FuelType>BIOFUEL</FuelType><Outputs>
<Output><Hour>2</Hour><EnergyMW>5</EnergyMW></Output></Outputs></Generator>
</Generators></IMODocBody></IMODocument>"""

IESO_FUELS = b"""<Document xmlns="http://www.ieso.ca/schema"><DocBody><DailyData>
<Day>2026-01-01</Day><HourlyData><Hour>24</Hour>
<FuelTotal><Fuel>NUCLEAR</Fuel><EnergyValue><Output>9000</Output></EnergyValue></FuelTotal>
<FuelTotal><Fuel>GAS</Fuel><EnergyValue></EnergyValue></FuelTotal>
</HourlyData></DailyData></DocBody></Document>"""

IESO_TOTALS = b"""<Document xmlns="http://www.ieso.ca/schema"><DocBody>
<DeliveryDate>2026-07-01</DeliveryDate><DeliveryHour>13</DeliveryHour><Energies><IntervalEnergy>
<Interval>2</Interval><MQ><MarketQuantity>Total Energy</MarketQuantity><EnergyMW>20000</EnergyMW>
</MQ><MQ><MarketQuantity>ONTARIO DEMAND</MarketQuantity><EnergyMW>16321.5</EnergyMW></MQ>
<Flag>DSO-RT</Flag></IntervalEnergy></Energies></DocBody></Document>"""


def eia_mix(*rows: tuple[str, str, str, object], total: object = None) -> bytes:
    data = [
        {"period": at, "respondent": who, "fueltype": fuel, "value": value}
        for at, who, fuel, value in rows
    ]
    count = len(data) if total is None else total
    return json.dumps({"response": {"total": count, "data": data}}).encode()


def pjm_mix(*rows: tuple[str, str, object], total: int = 0) -> bytes:
    items = [{"datetime_beginning_utc": at, "fuel_type": fuel, "mw": mw} for at, fuel, mw in rows]
    return json.dumps({"items": items, "totalRows": total or len(items)}).encode()


CARBON_INTENSITY = b"""{"data":[
{"from":"2026-07-01T00:00Z","to":"2026-07-01T00:30Z",
 "intensity":{"forecast":120,"actual":118,"index":"moderate"}},
{"from":"2026-07-01T00:30Z","to":"2026-07-01T01:00Z",
 "intensity":{"forecast":110,"actual":null,"index":"moderate"}}]}"""

ELEXON = b"""{"data":[
{"dataset":"FUELINST","publishTime":"2026-07-01T00:05:00Z","startTime":"2026-07-01T00:00:00Z",
 "settlementDate":"2026-07-01","settlementPeriod":3,"fuelType":"CCGT","generation":9000},
{"dataset":"FUELINST","publishTime":"2026-07-01T00:05:00Z","startTime":"2026-07-01T00:00:00Z",
 "settlementDate":"2026-07-01","settlementPeriod":3,"fuelType":"INTFR","generation":-700}]}"""


# source -> (file name, content): one good answer of each.
OCTOPUS = json.dumps(
    {
        "count": 2,
        "next": None,
        "results": [
            {
                "consumption": 0.25,
                "interval_start": "2026-07-01T00:30:00+01:00",
                "interval_end": "2026-07-01T01:00:00+01:00",
            },
            {
                "consumption": 0.113,
                "interval_start": "2026-07-01T00:00:00+01:00",
                "interval_end": "2026-07-01T00:30:00+01:00",
            },
        ],
    }
).encode()

ARETAS = json.dumps(
    [
        {"type": number, "timestamp": 1767225600000 + 20_000 * step + number, "data": value + step}
        for step in range(6)
        for number, value in ((532, 52.5), (531, -4.0), (514, 61.0))
    ]
).encode()

AESO = b"""Current Supply Demand Report

"Last Update : Jul 01, 2026 12:34"

Alberta Total Net Generation,9000
Net Actual Interchange,-500
Alberta Internal Load (AIL),9500

COGENERATION,6000,5000,10
WIND,5000,3700,0
OTHER,400,300,0
TOTAL,11400,9000,10

British Columbia,-500
TOTAL,-500

A plant (PL1),100,50,0
"""

NB_POWER = b"""<html><body><table><tr><td align="center" bgcolor="#ddd">NB Load</td></tr><tr>
<td align="center" bgcolor="">1500</td><td align="center" bgcolor="">1650</td>
<td align="center" bgcolor="">10</td><td align="center" bgcolor="">20</td>
<td align="center" bgcolor="">30</td><td align="center" bgcolor="">40</td>
<td align="center" bgcolor="">-50</td><td align="center" bgcolor="">100</td></tr></table>
<p><i>Jul 01, 2026 12:34:56 Atlantic Time.</i></p></body></html>"""

ISONE_TABLE = b""""C","ISO New England"
"H","Date","Time","Gen Mw","Fuel Category Rollup","Fuel Category","Marginal Flag"
"H","MM/DD/YYYY","HH24:MI:SS","Mw","String","String","String"
"D","11/01/2026","00:52:00","900","Hydro","Hydro","N"
"D","11/01/2026","01:10:00","901","Hydro","Hydro","N"
"D","11/01/2026","01:10:00","50","Renewables","Wood","N"
"D","11/01/2026","01:58:00","902","Hydro","Hydro","N"
"D","11/01/2026","01:04:00","903","Hydro","Hydro","N"
"D","11/01/2026","01:30:00","904","Hydro","Hydro","N"
"D","11/01/2026","02:01:00","","Hydro","Hydro","N"
"D","11/01/2026","02:01:00","51","Renewables","Wood","N"
"T","8"
"""

GOOD: dict[str, tuple[str, bytes]] = {
    "caiso": ("20260701_fuelsource.csv", caiso_mix("00:00", "00:05")),
    "nyiso": ("20260701rtfuelmix.csv", nyiso_mix(("07/01/2026 00:05:00", "EDT", 3000.0))),
    "isone": ("day.json", isone_mix(("2026-07-01T00:08:02.000-04:00", "Hydro", 267))),
    "ercot": ("fuel-mix.json", ercot_mix({"2026-07-01 00:04:56-0500": {"Wind": 9569.1}})),
    "miso": ("mix.json", miso_mix(("2026-07-01 12:00:00 AM", "Coal", "40384"))),
    "spp": ("GenMix2Hour_SPP.csv", SPP_MIX),
    "bpa": ("baltwg.txt", BPA),
    "ieso": ("PUB_GenOutputCapability.xml", IESO_GENERATORS),
    "eia": ("page.json", eia_mix(("2026-07-01T01", "CISO", "NG", 8897))),
    "pjm": ("page.json", pjm_mix(("2026-07-01T00:00:00", "Gas", 47280.0))),
    "aeso": ("CSDReport.csv", AESO),
    "nbpower": ("SystemInformation.html", NB_POWER),
    "carbon-intensity": ("intensity.json", CARBON_INTENSITY),
    "elexon": ("fuelinst.json", ELEXON),
    "octopus": ("consumption.json", OCTOPUS),
    "aretas": ("byrange.json", ARETAS),
}
