//! The addresses that the sockets of a run get: of a host, in its temporary folder, with a port that
//! is kept for it.

use std::net::{IpAddr, SocketAddr};

use socket2::SockAddr;

use crate::exec::net::{address, reserve};
use crate::exec::stop::Stop;
use crate::model::address::{Address, UnixName};
use crate::model::value::Value;

use super::Test;

impl Test<'_> {
    /// An address as the kernel wants it.
    pub(crate) fn socket_address(&self, address: &Address, host: Option<usize>) -> Result<SockAddr, Stop> {
        match address {
            Address::Any(network) if network.is_unix() => {
                let number = self.fresh_names.get();
                self.fresh_names.set(number + 1);
                self.unix_path(&format!("s{number}.sock"))
            }
            Address::Any(network) => Ok(match self.address_of(host, network.is_v6()) {
                Some(ip) => SocketAddr::new(ip, 0).into(),
                None => address::any_loopback(*network),
            }),
            Address::Inet { address, .. } => Ok((*address).into()),
            Address::Unix { name: UnixName::Path(path), .. } => self.unix_path(path),
            Address::Unix { name: UnixName::Autobind, .. } => address::family_alone()
                .map_err(|error| Stop::CouldNotRun(format!("no address of the family alone: {error}"))),
            Address::Unix { name: UnixName::Abstract(name), .. } => address::abstract_name(name).map_err(|_| {
                Stop::failed(format!("the abstract name `@{name}` is too long: the kernel takes 107 bytes"))
            }),
        }
    }

    /// The first address of a host's, of that family.
    pub(crate) fn address_of(&self, host: Option<usize>, v6: bool) -> Option<IpAddr> {
        self.net.as_ref()?.address_of(host, v6)
    }

    fn unix_path(&self, name: &str) -> Result<SockAddr, Stop> {
        let path = self.folder()?.join(name);
        address::unix_path(&path).ok_or_else(|| {
            Stop::failed(format!(
                "the path of the socket is too long: the kernel takes 108 bytes, `{}` has {}",
                path.display(),
                path.as_os_str().len()
            ))
        })
    }

    /// The number of the `nth` of its ports.
    pub(super) fn port(&self, nth: usize) -> Result<u16, Stop> {
        let none = || Stop::CouldNotRun("no port is left that could be reserved".to_owned());
        if self.net.is_some() {
            return reserve::of_isolated(nth).ok_or_else(none);
        }
        let reserved =
            reserve::reserve().map_err(|errno| Stop::CouldNotRun(format!("cannot reserve a port: {errno}")))?;
        let reserved = reserved.ok_or_else(none)?;
        let port = reserved.port;
        self.reserved.borrow_mut().push(reserved);
        Ok(port)
    }

    /// An address with the names of the ports that are kept in place of their numbers, as the spec has it.
    pub(crate) fn named_port(&self, port: u16) -> Option<String> {
        let is_it = |name: &&String| self.values.get(name).is_some_and(|value| value == Value::Number(port.into()));
        self.plan.ports.iter().find(is_it).map(|name| format!("${{{name}}}"))
    }
}
