// A Modbus server made of modbus-serial, with known values that Node's own buffers encoded.
//
//     node node_server.js MODULES_FOLDER PORT
//
// Prints one JSON list of what it serves, then serves it on loopback until it is killed.
"use strict";

const path = require("node:path");
const [, , modules, port] = process.argv;
const { ServerTCP } = require(path.resolve(modules, "modbus-serial"));

const registers = [];
const held = [];

function put(type, order, value, bytes) {
    held.push({ type, order, value, address: registers.length });
    for (let i = 0; i < bytes.length; i += 2) registers.push(bytes.readUInt16BE(i));
}

function encoded(length, write) {
    const bytes = Buffer.alloc(length);
    write(bytes);
    return bytes;
}

const swapped = (bytes) => Buffer.from(bytes).swap16();
const wordsTurned = (bytes) => swapped(Buffer.from(bytes).reverse());

for (const value of [1.5, -0.15625, 1e30]) {
    const single = encoded(4, (bytes) => bytes.writeFloatBE(value));
    const double = encoded(8, (bytes) => bytes.writeDoubleBE(value));
    for (const [type, bytes, number] of [["f32", single, single.readFloatBE()], ["f64", double, value]]) {
        // As text: it names the very same number everywhere.
        put(type, "ABCD", String(number), bytes);
        put(type, "DCBA", String(number), Buffer.from(bytes).reverse());
        put(type, "BADC", String(number), swapped(bytes));
        put(type, "CDAB", String(number), wordsTurned(bytes));
    }
}
put("i32", "ABCD", -123456789, encoded(4, (bytes) => bytes.writeInt32BE(-123456789)));
put("u32", "CDAB", 4000000000, wordsTurned(encoded(4, (bytes) => bytes.writeUInt32BE(4000000000))));
put("i16", "ABCD", -2, encoded(2, (bytes) => bytes.writeInt16BE(-2)));
put("u64", "ABCD", 2 ** 40, encoded(8, (bytes) => bytes.writeBigUInt64BE(2n ** 40n)));
for (let i = 0; i < 20; i += 1) put("u16", "ABCD", i * 3277, encoded(2, (bytes) => bytes.writeUInt16BE(i * 3277)));

function of(table) {
    return (address) => {
        if (address >= table.length) throw Object.assign(new Error("there is nothing"), { modbusErrorCode: 2 });
        return table[address];
    };
}

const bits = Array.from({ length: 64 }, (_, i) => i % 5 === 0);
const tags = [];
for (const area of ["holding", "input"]) for (const tag of held) tags.push({ area, ...tag });
for (const area of ["coil", "discrete"]) bits.forEach((value, address) => tags.push({ area, address, type: "bool", value }));

const vector = { getHoldingRegister: of(registers), getInputRegister: of(registers), getCoil: of(bits), getDiscreteInput: of(bits) };
const server = new ServerTCP(vector, { host: "127.0.0.1", port: Number(port), unitID: 1 });
server.on("initialized", () => console.log(JSON.stringify(tags)));
server.on("socketError", () => {});
server.on("serverError", (error) => {
    console.error(error);
    process.exit(1);
});
