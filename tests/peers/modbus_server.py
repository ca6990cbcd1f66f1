"""A Modbus server with a known value of every type in every byte order, encoded by pymodbus.

    python modbus_server.py tcp PORT
    python modbus_server.py rtu-over-tcp PORT
    python modbus_server.py rtu SERIAL_PORT

Prints one JSON list of what it serves, then serves it on loopback, or on the serial port, until it is killed.
"""

import asyncio
import json
import struct
import sys

from pymodbus.client.mixin import ModbusClientMixin
from pymodbus.framer import FramerType
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

TYPES = ModbusClientMixin.DATATYPE
VALUES = [
    ("u16", TYPES.UINT16, [0, 1, 0x1234, 0xFFFF]),
    ("i16", TYPES.INT16, [-1, -32768, 32767]),
    ("u32", TYPES.UINT32, [0x12345678, 0xFFFFFFFF, 1]),
    ("i32", TYPES.INT32, [-2, -2147483648, 2147483647]),
    ("u64", TYPES.UINT64, [0x0102030405060708, 2**64 - 1, 2**53 + 1]),
    ("i64", TYPES.INT64, [-(2**63), 2**63 - 1, -2]),
    ("f32", TYPES.FLOAT32, [1.5, -0.15625, 3.4028234663852886e38]),
    ("f64", TYPES.FLOAT64, [123.456, -1e-300, 1.7976931348623157e308]),
]
TEXTS = ["PUMP 1", "Zulauf Süd", "x"]


def swap(registers):
    return [(r >> 8) | (r & 0xFF) << 8 for r in registers]


def build():
    """The registers, and what they hold."""
    registers, held = [], []

    def put(words, **what):
        if isinstance(what["value"], float):
            what["value"] = repr(what["value"])  # as text: it names the very same number everywhere
        held.append({"address": len(registers), **what})
        registers.extend(words)

    for word, kind, values in VALUES:
        for value in values:
            for order in ["ABCD", "CDAB", "BADC", "DCBA"]:
                little = "little" if order in ("CDAB", "DCBA") else "big"
                words = ModbusClientMixin.convert_to_registers(value, kind, word_order=little)
                put(swap(words) if order in ("BADC", "DCBA") else words, type=word, order=order, value=value)
    for value in [1.0, -2.5, 65504.0, 2**-24]:
        put([struct.unpack(">H", struct.pack(">e", value))[0]], type="f16", order="ABCD", value=value)
    put([0x1234], type="bcd16", order="ABCD", value=1234)
    put([0x5678, 0x1234], type="bcd32", order="CDAB", value=12345678)
    for text in TEXTS:
        words = ModbusClientMixin.convert_to_registers(text, TYPES.STRING)
        put(words, type="string", order="ABCD", length=len(words), value=text)
        put(swap(words), type="string", order="BADC", length=len(words), value=text)
    bits = [i % 3 == 0 for i in range(16)]
    word = sum(1 << i for i, on in enumerate(bits) if on)
    for i, on in enumerate(bits):
        held.append({"address": len(registers), "type": "bool", "order": "ABCD", "bit": i, "value": on})
    registers.append(word)
    for byte, value in [("high", 0x81), ("low", 0x7F)]:
        held.append({"address": len(registers), "type": "u8", "order": "ABCD", "byte": byte, "value": value})
        signed = value - 256 if value > 127 else value
        held.append({"address": len(registers), "type": "i8", "order": "ABCD", "byte": byte, "value": signed})
    registers.append(0x817F)
    return registers, held


async def main():
    registers, held = build()
    bits = [i % 5 == 0 for i in range(64)]
    tags = [{"area": area, **what} for area in ("holding", "input") for what in held]
    tags += [
        {"area": area, "address": i, "type": "bool", "order": "ABCD", "value": on}
        for area in ("coil", "discrete")
        for i, on in enumerate(bits)
    ]
    print(json.dumps(tags), flush=True)
    words = [[SimData(0, values=registers, datatype=DataType.REGISTERS)] for _ in range(2)]
    flags = [[SimData(0, values=bits, datatype=DataType.BITS)] for _ in range(2)]
    # Past these there is nothing: a read there is answered with exception 2.
    device = SimDevice(1, simdata=(*flags, *words))
    transport, where = sys.argv[1:]
    if transport == "rtu":
        await StartAsyncSerialServer(device, port=where, framer=FramerType.RTU, baudrate=19200)
    else:
        framer = FramerType.RTU if transport == "rtu-over-tcp" else FramerType.SOCKET
        await StartAsyncTcpServer(device, address=("127.0.0.1", int(where)), framer=framer)


asyncio.run(main())
