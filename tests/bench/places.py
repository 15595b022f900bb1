"""A million places of a city, and the spots at which one asks.

Half of the places stand in buildings, a few metres apart, half anywhere in the
city, some thirty metres apart; and so do those who ask. They ask what is
within 10 m, which 5 are the nearest, and which 20 the nearest within 100 m.
Redis has no nearest without a radius: with each spot it is told one that is
large enough there, and not much larger; and so is PostGIS, which is faster
then.
"""
import math
import os
import random

from zone import NAME

SIZE = "places"  # as the other zones' 60k, 1m
CITY = 20000.0  # metres, its sides
BUILDING = 100.0  # likewise
BUILDINGS, INDOORS, OUTDOORS = 2000, 250, 500000
SPOTS = 500000
EDGE = 15.0  # metres from a building's wall to who asks in it, at least
FAR_INDOORS, FAR_OUTDOORS = 16, 75  # metres in which there are 5 places
MIDDLE = (41.66, -91.54)
METRES = 111194.93  # a degree
QUESTIONS = {"near10": "10m", "near5": "k5", "disc100": "k20.100m"}


def degrees(x, y):
    """Of metres east and north of the city's middle."""
    return (MIDDLE[0] + y / METRES,
            MIDDLE[1] + x / METRES / math.cos(math.radians(MIDDLE[0])))


def loc_angle(angle, letters):
    thousandths = round(abs(angle) * 3600000)
    minutes, seconds = divmod(thousandths, 60000)
    return (f"{minutes // 60} {minutes % 60} {seconds / 1000:.3f} "
            f"{letters[angle < 0]}")


def loc(lat, lon):
    return f"{loc_angle(lat, 'NS')} {loc_angle(lon, 'EW')} 200m"


def label(angle, letters):
    """As questions have it: the decimal point is the label dot."""
    return f"{abs(angle):.6f}{letters[angle < 0]}"


def question(lat, lon, what):
    return f"{label(lat, 'ns')}.{label(lon, 'ew')}.{what}._near.{NAME}"


def anywhere(chance, side):
    return (chance.random() - 0.5) * side, (chance.random() - 0.5) * side


def buildings(chance):
    return [anywhere(chance, CITY - BUILDING) for _ in range(BUILDINGS)]


def indoors(chance, building, edge=0.0):
    x, y = anywhere(chance, BUILDING - 2 * edge)
    return degrees(building[0] + x, building[1] + y)


def places(chance, built):
    for building in built:
        for _ in range(INDOORS):
            yield indoors(chance, building)
    for _ in range(OUTDOORS):
        yield degrees(*anywhere(chance, CITY))


def spots(chance, built):
    for _ in range(SPOTS):
        if chance.random() < 0.5:
            yield *indoors(chance, chance.choice(built), EDGE), FAR_INDOORS
        else:
            yield *degrees(*anywhere(chance, CITY)), FAR_OUTDOORS


def write_places(folder, chance, built):
    """The zone, and for whom it means nothing: members, "name lat lon"."""
    with open(f"{folder}/zone.new", "w", encoding="ascii") as file, \
            open(f"{folder}/members", "w", encoding="ascii") as members:
        file.write(f"$ORIGIN {NAME}.\n$TTL 3600\n"
                   "@ SOA ns1 hostmaster 1 3600 900 604800 300\n"
                   "@ NS ns1\nns1 A 127.0.0.1\nd0.r00000 A 10.0.0.1\n")
        for number, (lat, lon) in enumerate(places(chance, built)):
            file.write(f"p{number:06d} LOC {loc(lat, lon)}\n")
            members.write(f"p{number:06d}.{NAME} {lat:.7f} {lon:.7f}\n")


def write_questions(folder, chance, built):
    """The same spots for all: a file of names each, and `spots`, "lat lon
    metres"."""
    asked = list(spots(chance, built))
    for name, what in QUESTIONS.items():
        with open(f"{folder}/{name}", "w", encoding="ascii") as file:
            file.writelines(f"{question(lat, lon, what)} PTR\n"
                            for lat, lon, _ in asked)
    with open(f"{folder}/spots", "w", encoding="ascii") as file:
        file.writelines(f"{lat:.6f} {lon:.6f} {metres}\n"
                        for lat, lon, metres in asked)


def write(folder):
    os.makedirs(folder, exist_ok=True)
    chance = random.Random(42)
    built = buildings(chance)
    write_questions(folder, chance, built)
    write_places(folder, chance, built)
    os.rename(f"{folder}/zone.new", f"{folder}/zone")
