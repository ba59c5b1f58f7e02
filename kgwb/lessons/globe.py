"""For notebook 04: cities of the earth, whose true places everybody knows, as three numbers each."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from kgwb.axes import Float

# Degrees north and east, to a tenth.
_CITIES = """
Europe | London 51.5 -0.1, Paris 48.9 2.4, Madrid 40.4 -3.7, Rome 41.9 12.5, Berlin 52.5 13.4, Oslo 59.9 10.8
Europe | Warsaw 52.2 21.0, Athens 38.0 23.7, Moscow 55.8 37.6, Reykjavík 64.1 -21.9, Lisbon 38.7 -9.1
Europe | Kyiv 50.5 30.5
Africa | Cairo 30.0 31.2, Lagos 6.5 3.4, Dakar 14.7 -17.4, Nairobi -1.3 36.8, Kinshasa -4.3 15.3
Africa | Cape Town -33.9 18.4, Addis Ababa 9.0 38.7, Algiers 36.8 3.1, Khartoum 15.6 32.5, Antananarivo -18.9 47.5
Africa | Luanda -8.8 13.2, Accra 5.6 -0.2
Asia | Tokyo 35.7 139.7, Beijing 39.9 116.4, Delhi 28.6 77.2, Jakarta -6.2 106.8, Bangkok 13.8 100.5
Asia | Manila 14.6 121.0, Tehran 35.7 51.4, Riyadh 24.7 46.7, Tashkent 41.3 69.3, Ulaanbaatar 47.9 106.9
Asia | Yakutsk 62.0 129.7, Petropavlovsk 53.0 158.7
North America | New York 40.7 -74.0, Los Angeles 34.1 -118.2, Mexico City 19.4 -99.1, Havana 23.1 -82.4
North America | Anchorage 61.2 -149.9, Vancouver 49.3 -123.1, Toronto 43.7 -79.4, Nuuk 64.2 -51.7
North America | Panama City 9.0 -79.5, Chicago 41.9 -87.6, Denver 39.7 -105.0, Honolulu 21.3 -157.9
South America | Lima -12.0 -77.0, Bogotá 4.7 -74.1, Santiago -33.4 -70.7, Buenos Aires -34.6 -58.4
South America | Brasília -15.8 -47.9, Caracas 10.5 -66.9, Quito -0.2 -78.5, La Paz -16.5 -68.1
South America | Montevideo -34.9 -56.2, Manaus -3.1 -60.0, Recife -8.1 -34.9, Ushuaia -54.8 -68.3
Oceania | Sydney -33.9 151.2, Perth -32.0 115.9, Auckland -36.8 174.8, Suva -18.1 178.4, Apia -13.8 -171.8
Oceania | Port Moresby -9.4 147.2, Darwin -12.5 130.8, Nouméa -22.3 166.5, Papeete -17.5 -149.6, Honiara -9.4 160.0
Oceania | Tarawa 1.3 173.0, Nukuʻalofa -21.1 -175.2
"""


def list_cities() -> pd.DataFrame:
    """Six dozen cities, twelve of each continent; the columns are `city`, `continent`, `latitude` and `longitude`.

    Example:
        >>> list_cities().head(1)
             city continent  latitude  longitude
        0  London    Europe      51.5       -0.1
    """
    rows = []
    for line in _CITIES.strip().splitlines():
        continent, cities = line.split(" | ")
        for city in cities.split(", "):
            name, latitude, longitude = re.fullmatch(r"(.+) (-?[\d.]+) (-?[\d.]+)", city).groups()  # type: ignore[union-attr]
            rows.append((name, continent, float(latitude), float(longitude)))
    return pd.DataFrame(rows, columns=["city", "continent", "latitude", "longitude"])


def place_on_sphere(cities: pd.DataFrame) -> Float[np.ndarray, "city 3"]:
    """Where cities are: x, y, z from the middle of the earth, in radii of the earth.

    The straight line through the earth orders cities as the way over its surface does: the nearest is the same.

    Args:
        cities: with `latitude` and `longitude`, in degrees.

    Example:
        >>> place_on_sphere(pd.DataFrame({"latitude": [0.0, 90.0], "longitude": [90.0, 0.0]})).round(6).tolist()
        [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    north, east = np.radians(cities["latitude"].to_numpy()), np.radians(cities["longitude"].to_numpy())
    return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], 1)
