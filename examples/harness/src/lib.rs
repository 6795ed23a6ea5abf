//! An example crate whose sockets are tested by specs of its own.
