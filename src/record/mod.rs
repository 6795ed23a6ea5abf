//! Recording: a conversation between a real client and a real server becomes a spec.
//!
//! [`conversation`] is what was heard, as an inert value, whoever has heard it: the proxy, or the
//! reader of a capture file.

mod answers;
mod arrange;
pub mod capture;
pub mod conversation;
mod framing;
mod ftp;
mod making;
pub mod proxy;
mod replay;
mod script;
mod understand;
mod vary;
mod write;

pub use answers::Refusal;
pub use making::{Ends, Outside, Stage, Understood, Verified, verify};
pub use write::{Head, Program, Written};

pub use conversation::{Connection, Conversation, End, Happened, Side, What};
