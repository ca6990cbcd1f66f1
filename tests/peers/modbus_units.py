"""A Modbus line of two units with holes in their tables, and with a name, encoded by pymodbus.

    python modbus_units.py tcp|rtu-over-tcp PORT
    python modbus_units.py rtu SERIAL-PORT

Prints one line, then serves it on loopback, or on the serial port, until it is killed.
"""

import asyncio
import sys

from pymodbus import FramerType, ModbusDeviceIdentification
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def registers(*ranges):
    return [SimData(start, values=[7] * (end - start + 1), datatype=DataType.REGISTERS) for start, end in ranges]


def bits(*ranges):
    return [SimData(start, values=[True] * (end - start + 1), datatype=DataType.BITS) for start, end in ranges]


async def main():
    transport, where = sys.argv[1:]
    # Coils, discrete inputs, holding and input registers.
    first = SimDevice(3, simdata=(bits((0, 15)), bits((16, 47)), registers((0, 99), (200, 249)), registers((10, 19))))
    second = SimDevice(17, simdata=(bits((0, 15)), bits((0, 15)), registers((5, 5)), registers((0, 124))))
    name = ModbusDeviceIdentification(
        info_name={"VendorName": "Watchkeeper tests", "ProductCode": "two units", "MajorMinorRevision": "1.0"}
    )
    if transport == "rtu":
        print("ready", flush=True)
        units = [first, second]
        await StartAsyncSerialServer(units, port=where, framer=FramerType.RTU, baudrate=115200, identity=name)
        return
    framer = FramerType.RTU if transport == "rtu-over-tcp" else FramerType.SOCKET
    print("ready", flush=True)
    await StartAsyncTcpServer([first, second], address=("127.0.0.1", int(where)), framer=framer, identity=name)


asyncio.run(main())
