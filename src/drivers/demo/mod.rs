//! The demo plant: a pumping station that is a Modbus TCP server and an MQTT broker with publishers, on loopback.
