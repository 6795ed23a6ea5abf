//! Recording: a conversation between a real client and a real server becomes a spec.
//!
//! [`conversation`] is what was heard, as an inert value, whoever has heard it: the proxy, or the
//! reader of a capture file.

pub mod conversation;

pub use conversation::{Connection, Conversation, End, Happened, Side, What};
