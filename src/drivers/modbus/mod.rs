//! Modbus/TCP.
