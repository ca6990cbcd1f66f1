//! The plant as Modbus TCP devices: plc1 and two meters behind its gateway on one port, plc2 on another.
//!
//! Reads alone are served: a write is refused with exception 01. A unit that is gone says nothing, one behind the
//! gateway is answered for with exception 0B, and a controller that restarts has no open port.

use super::Scene;
use super::faults::Fault;
use super::plant::Plant;
use super::registers::{METER_A, METER_B, PLC1, PLC2, Refusal};
use crate::project::Area;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::{Server, accept_tcp_connection};
use tokio_modbus::{ExceptionCode, Request, Response, SlaveRequest};

/// Clients of one port at a time; one more is hung up on, as small controllers do.
const MOST_CLIENTS: usize = 32;
/// How long a gateway waits for a unit on its bus before it gives it up.
const GATEWAY_PATIENCE: Duration = Duration::from_millis(150);

/// A port and the units behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// plc1, and the meters behind its gateway.
    Plc1,
    /// plc2, which restarts now and then.
    Plc2,
}

impl Port {
    const fn units(self) -> &'static [u8] {
        match self {
            Self::Plc1 => &[PLC1, METER_A, METER_B],
            Self::Plc2 => &[PLC2],
        }
    }

    /// Whether it is closed now.
    fn is_closed(self, plant: &Plant) -> bool {
        self == Self::Plc2 && plant.script.has(Fault::Plc2Refuses)
    }
}

/// Serves a port for as long as there are scenes. `listener` is its first; a port that closed is bound again to the
/// same address.
pub async fn serve(port: Port, listener: TcpListener, mut scenes: watch::Receiver<Arc<Scene>>) -> io::Result<()> {
    let address = listener.local_addr()?;
    let mut listener = Some(listener);
    loop {
        if let Some(open) = listener.take() {
            tokio::select! {
                () = answer_clients(port, open, scenes.clone()) => {}
                alive = scenes.wait_for(|s| port.is_closed(&s.plant)) => if alive.is_err() { return Ok(()) },
            }
        }
        // Here the listener and every connection of it are dropped: who calls now is refused.
        if scenes.wait_for(|s| !port.is_closed(&s.plant)).await.is_err() {
            return Ok(());
        }
        match TcpListener::bind(address).await {
            Ok(again) => listener = Some(again),
            Err(error) => {
                tracing::warn!(%address, %error, "could not open the demo plant's port again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Takes connections until the system refuses to.
async fn answer_clients(port: Port, listener: TcpListener, scenes: watch::Receiver<Arc<Scene>>) {
    let places = Arc::new(Semaphore::new(MOST_CLIENTS));
    let on_connected = |stream: TcpStream, from: SocketAddr| {
        let service = Arc::clone(&places)
            .try_acquire_owned()
            .ok()
            .map(|place| Arc::new(Unit { port, scenes: scenes.clone(), _place: place }));
        async move {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "could not switch off Nagle's algorithm");
            }
            accept_tcp_connection(stream, from, move |_| Ok(service.clone()))
        }
    };
    let on_error = |error: io::Error| tracing::debug!(%error, "a client of the demo plant's Modbus port left");
    if let Err(error) = Server::new(listener).serve(&on_connected, on_error).await {
        tracing::warn!(%error, "the demo plant's Modbus port takes no more connections");
    }
}

/// What answers one connection.
#[derive(Debug)]
struct Unit {
    port: Port,
    scenes: watch::Receiver<Arc<Scene>>,
    _place: OwnedSemaphorePermit,
}

impl Service for Unit {
    type Request = SlaveRequest<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = Pin<Box<dyn Future<Output = Result<Option<Response>, ExceptionCode>> + Send>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        let scene = Arc::clone(&self.scenes.borrow());
        let answer = answer(self.port, &scene, request.slave, &request.request);
        Box::pin(async move {
            if matches!(answer, Err(ExceptionCode::GatewayTargetDevice)) {
                tokio::time::sleep(GATEWAY_PATIENCE).await;
            }
            answer
        })
    }
}

/// The answer to one request; `None` is silence.
fn answer(port: Port, scene: &Scene, unit_id: u8, request: &Request<'_>) -> Result<Option<Response>, ExceptionCode> {
    let script = &scene.plant.script;
    let Some(unit) = scene.units.unit(unit_id).filter(|_| port.units().contains(&unit_id)) else {
        return Err(ExceptionCode::GatewayPathUnavailable);
    };
    match unit_id {
        PLC2 if script.has(Fault::Plc2Silent) => return Ok(None),
        METER_B if script.has(Fault::MeterBGone) => return Err(ExceptionCode::GatewayTargetDevice),
        _ => {}
    }
    let read = |area: Area, address: u16, count: u16| {
        if count == 0 || count > if area.is_bits() { 2_000 } else { 125 } {
            return Err(ExceptionCode::IllegalDataValue);
        }
        unit.read(area, address, count).map_err(|refusal| match refusal {
            Refusal::IllegalAddress => ExceptionCode::IllegalDataAddress,
            Refusal::DeviceFailure => ExceptionCode::ServerDeviceFailure,
        })
    };
    let bits = |words: &[u16]| words.iter().map(|w| *w != 0).collect();
    Ok(Some(match *request {
        Request::ReadCoils(at, n) => Response::ReadCoils(bits(read(Area::Coil, at, n)?)),
        Request::ReadDiscreteInputs(at, n) => Response::ReadDiscreteInputs(bits(read(Area::Discrete, at, n)?)),
        Request::ReadInputRegisters(at, n) => Response::ReadInputRegisters(read(Area::Input, at, n)?.to_vec()),
        Request::ReadHoldingRegisters(at, n) => Response::ReadHoldingRegisters(read(Area::Holding, at, n)?.to_vec()),
        _ => return Err(ExceptionCode::IllegalFunction),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_refused_as_an_illegal_function() {
        let scene = Scene::of(Plant::without_faults(1));
        for request in [Request::WriteSingleCoil(0, true), Request::WriteSingleRegister(0, 7)] {
            assert_eq!(answer(Port::Plc1, &scene, PLC1, &request), Err(ExceptionCode::IllegalFunction));
        }
    }

    #[test]
    fn units_answer_on_their_own_port_alone() {
        let scene = Scene::of(Plant::without_faults(1));
        let request = Request::ReadHoldingRegisters(100, 4);
        assert!(matches!(answer(Port::Plc2, &scene, PLC2, &request), Ok(Some(_))));
        assert_eq!(answer(Port::Plc1, &scene, PLC2, &request), Err(ExceptionCode::GatewayPathUnavailable));
    }

    #[test]
    fn a_unit_that_is_gone_is_silent_or_answered_for_by_its_gateway() {
        let mut plant = Plant::without_faults(1);
        plant.script.begin(Fault::Plc2Silent);
        plant.script.begin(Fault::MeterBGone);
        let scene = Scene::of(plant);
        assert_eq!(answer(Port::Plc2, &scene, PLC2, &Request::ReadHoldingRegisters(100, 4)), Ok(None));
        let request = Request::ReadHoldingRegisters(0, 4);
        assert_eq!(answer(Port::Plc1, &scene, METER_B, &request), Err(ExceptionCode::GatewayTargetDevice));
        assert_eq!(
            answer(Port::Plc1, &scene, METER_A, &Request::ReadInputRegisters(0, 126)),
            Err(ExceptionCode::IllegalDataValue)
        );
    }
}
