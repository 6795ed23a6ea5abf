//! Membership of a multicast group, as an option's value: the group, and the device it is joined on.

use std::fmt;
use std::net::IpAddr;

/// A group, and the device to join it on: `239.1.1.1`, `ff02::1%eth0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The address of the group.
    pub group: IpAddr,
    /// The device, by its name or its index; without it the one that the route to the group leaves by.
    pub device: Option<String>,
}

impl Membership {
    /// Reads a group with or without a device, in the form of RFC 4007 section 11.
    pub fn parse(text: &str) -> Option<Self> {
        let (group, device) = match text.split_once('%') {
            Some((group, device)) => (group, Some(device)),
            None => (text, None),
        };
        if device.is_some_and(str::is_empty) {
            return None;
        }
        Some(Self { group: group.parse().ok()?, device: device.map(str::to_owned) })
    }
}

impl fmt::Display for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.group)?;
        self.device.as_ref().map_or(Ok(()), |device| write!(f, "%{device}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_group_may_name_its_device() {
        for text in ["239.1.1.1", "239.1.1.1%lo", "ff02::1%eth0", "ff02::1%2", "10.0.0.1"] {
            assert_eq!(Membership::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "%lo", "239.1.1.1%", "239.1.1", "a group"] {
            assert_eq!(Membership::parse(text), None, "{text}");
        }
    }
}
