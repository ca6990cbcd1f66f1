//! A well-behaved server: tokio-modbus' own. Each register holds its address, each bit is set where that divides by three.

use std::future::{Ready, ready};
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio_modbus::prelude::{ExceptionCode, Request, Response, SlaveRequest};
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::{Server, accept_tcp_connection};

/// Serves unit 1 to 247 alike, for ever.
pub async fn serve(listener: TcpListener) {
    let connected = |stream: TcpStream, addr: SocketAddr| async move {
        stream.set_nodelay(true)?;
        accept_tcp_connection(stream, addr, |_| Ok(Some(Registers)))
    };
    // An error of one connection is its client's end.
    let _ended = Server::new(listener).serve(&connected, |_error| ()).await;
}

struct Registers;

impl Service for Registers {
    type Request = SlaveRequest<'static>;
    type Response = Response;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Response, ExceptionCode>>;

    fn call(&self, request: SlaveRequest<'static>) -> Self::Future {
        let bits = |start: u16, count: u16| (start..start + count).map(|a| a.is_multiple_of(3)).collect();
        let words = |start: u16, count: u16| (start..start + count).collect();
        ready(match request.request {
            Request::ReadCoils(start, count) => Ok(Response::ReadCoils(bits(start, count))),
            Request::ReadDiscreteInputs(start, count) => Ok(Response::ReadDiscreteInputs(bits(start, count))),
            Request::ReadInputRegisters(start, count) => Ok(Response::ReadInputRegisters(words(start, count))),
            Request::ReadHoldingRegisters(start, count) => Ok(Response::ReadHoldingRegisters(words(start, count))),
            _ => Err(ExceptionCode::IllegalFunction),
        })
    }
}
