/* A Modbus server made of libmodbus, with known values that its own functions encoded.
 *
 *     libmodbus_server tcp PORT
 *     libmodbus_server rtu SERIAL_PORT
 *
 * Prints one JSON list of what it serves, then serves it on loopback, or on the serial port, until it is killed. */

#include <errno.h>
#include <modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BITS 64
#define REGISTERS 64

static int next;
static int told;

static void tell(const char *type, const char *order, const char *value)
{
    for (int area = 0; area < 2; area++) {
        printf("%s{\"area\":\"%s\",\"address\":%d,\"type\":\"%s\",\"order\":\"%s\",\"value\":%s}", told++ ? "," : "",
               area ? "input" : "holding", next, type, order, value);
    }
}

static void put_int32(uint16_t *at, int32_t value)
{
    char text[64];
    MODBUS_SET_INT32_TO_INT16(at, next, value);
    snprintf(text, sizeof text, "%ld", (long)value);
    tell("i32", "ABCD", text);
    next += 2;
}

static void put_uint64(uint16_t *at, uint64_t value)
{
    char text[64];
    MODBUS_SET_INT64_TO_INT16(at, next, value);
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    tell("u64", "ABCD", text);
    next += 4;
}

/* By its bits: what modbus_set_float_abcd and its kin make of the host's own order differs from release to release. */
static void put_float(uint16_t *at, float value)
{
    char text[64];
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    MODBUS_SET_INT32_TO_INT16(at, next, bits);
    snprintf(text, sizeof text, "\"%.17g\"", (double)value);
    tell("f32", "ABCD", text);
    next += 2;
}

static void put_double(uint16_t *at, double value)
{
    char text[64];
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    MODBUS_SET_INT64_TO_INT16(at, next, bits);
    snprintf(text, sizeof text, "\"%.17g\"", value);
    tell("f64", "ABCD", text);
    next += 4;
}

static void fill(modbus_mapping_t *map)
{
    uint16_t *at = map->tab_registers;
    char text[64];
    put_float(at, -0.15625f);
    put_float(at, 3.25e10f);
    put_double(at, -2.5e-300);
    put_int32(at, -123456789);
    put_uint64(at, 0x0102030405060708);
    for (int value = 0; value < 20; value++) {
        at[next] = (uint16_t)(value * 3277);
        snprintf(text, sizeof text, "%d", at[next]);
        tell("u16", "ABCD", text);
        next++;
    }
    memcpy(map->tab_input_registers, at, REGISTERS * sizeof *at);
    for (int bit = 0; bit < BITS; bit++) {
        map->tab_bits[bit] = map->tab_input_bits[bit] = bit % 5 == 0;
        for (int area = 0; area < 2; area++) {
            printf(",{\"area\":\"%s\",\"address\":%d,\"type\":\"bool\",\"value\":%s}", area ? "discrete" : "coil", bit,
                   bit % 5 == 0 ? "true" : "false");
        }
    }
}

static void serve(modbus_t *modbus, modbus_mapping_t *map)
{
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    for (;;) {
        int length = modbus_receive(modbus, query);
        if (length > 0)
            modbus_reply(modbus, query, length, map);
        else if (length == -1)
            return;
    }
}

int main(int count, char **arguments)
{
    if (count != 3)
        return 2;
    int tcp = strcmp(arguments[1], "tcp") == 0;
    modbus_t *modbus =
        tcp ? modbus_new_tcp("127.0.0.1", atoi(arguments[2])) : modbus_new_rtu(arguments[2], 19200, 'N', 8, 1);
    modbus_mapping_t *map = modbus_mapping_new(BITS, BITS, REGISTERS, REGISTERS);
    if (!modbus || !map)
        return 1;
    modbus_set_slave(modbus, 1);
    int listener = tcp ? modbus_tcp_listen(modbus, 4) : modbus_connect(modbus);
    if (listener == -1) {
        fprintf(stderr, "%s: %s\n", arguments[2], modbus_strerror(errno));
        return 1;
    }
    printf("[");
    fill(map);
    printf("]\n");
    fflush(stdout);
    for (;;) {
        if (tcp && modbus_tcp_accept(modbus, &listener) == -1)
            return 1;
        serve(modbus, map);
        if (tcp)
            modbus_close(modbus);
    }
}
