//! The words that all layers share: names, addresses, networks, errno, options, states, bytes,
//! durations. Each knows how it is written and how it is read; nothing here touches a socket.

pub mod address;
pub mod alert;
pub mod bytes;
pub mod duration;
pub mod errno;
pub mod group;
pub mod name;
pub mod network;
pub mod option;
pub mod perturb;
pub mod platform;
pub mod poll;
pub mod signal;
pub mod size;
pub(crate) mod splitmix;
pub mod state;
pub mod topology;
pub mod triple;
pub mod value;
pub mod yaml_type;
