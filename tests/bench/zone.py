"""The zone of a building, and the questions that are asked about it.

A device has six records: A, AAAA and LOC at its own name, SRV and TXT at its
service's, and one PTR in the list of its room's services.
"""
import os
import random

NAME = "b1.example"
FIRST = f"d0.r00000.{NAME}"  # a name that is in every size
DEVICES = 10  # in a room
ROOMS = {"60k": 1000, "1m": 16667}
ONCE_ROOMS = 4000
SERVICE = "_ctl._udp"


def device(room, number):
    name = f"d{number}.r{room:05d}"
    list_name = f"{SERVICE}.r{room:05d}"
    service = f"d{number}.{list_name}"
    return (
        f"{name} A 10.{room >> 8 & 255}.{room & 255}.{number + 1}\n"
        f"{name} AAAA fd00:b1::{room:x}:{number + 1:x}\n"
        f"{name} LOC 52 {room % 60} {number}.000 N "
        f"13 {room // 60 % 60} {number}.000 E {30 + room // 100 % 40}.00m\n"
        f"{service} SRV 0 0 5683 {name}\n"
        f"{service} TXT \"type=sensor;room={room};fw=1.{number};unit=C\"\n"
        f"{list_name} PTR {service}\n")


def there(chance, rooms):
    room, number = chance.randrange(rooms), chance.randrange(DEVICES)
    kind = chance.choice(("A", "SRV", "TXT"))
    service = "" if kind == "A" else f"{SERVICE}."
    return f"d{number}.{service}r{room:05d}.{NAME} {kind}\n"


def missing(chance, rooms):
    """A device that a room does not have, or a room that there is not."""
    if chance.random() < 0.5:
        room = chance.randrange(rooms)
        return f"x{chance.randrange(100000)}.r{room:05d}.{NAME} A\n"
    number = chance.randrange(DEVICES)
    return f"d{number}.q{chance.randrange(100000):05d}.{NAME} A\n"


def every(chance, rooms):
    questions = [f"d{number}.{service}r{room:05d}.{NAME} {kind}\n"
                 for room in range(rooms) for number in range(DEVICES)
                 for service, kind in (("", "A"), (f"{SERVICE}.", "SRV"),
                                       (f"{SERVICE}.", "TXT"))]
    chance.shuffle(questions)
    return questions


def once(folder):
    """As many as the recursive servers are asked about, none of them twice."""
    path = f"{folder}/once"
    if not os.path.exists(path):
        with open(f"{path}.new", "w", encoding="ascii") as file:
            file.writelines(every(random.Random(7), ONCE_ROOMS))
        os.rename(f"{path}.new", path)
    return path


def write(folder, size):
    """The zone; positive: questions about what is there; half: every other
    about what is not; every: each of the positive ones once."""
    rooms = ROOMS[size]
    chance = random.Random(42)
    count = 200000 if size == "60k" else 500000
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/positive", "w", encoding="ascii") as file:
        file.writelines(there(chance, rooms) for _ in range(count))
    with open(f"{folder}/half", "w", encoding="ascii") as file:
        file.writelines(chance.choice((there, missing))(chance, rooms)
                        for _ in range(count))
    with open(f"{folder}/every", "w", encoding="ascii") as file:
        file.writelines(every(chance, rooms))
    with open(f"{folder}/zone.new", "w", encoding="ascii") as file:
        file.write(f"$ORIGIN {NAME}.\n$TTL 3600\n"
                   "@ SOA ns1 hostmaster 1 3600 900 604800 300\n"
                   "@ NS ns1\nns1 A 127.0.0.1\n")
        file.writelines(device(room, number) for room in range(rooms)
                        for number in range(DEVICES))
    os.rename(f"{folder}/zone.new", f"{folder}/zone")
