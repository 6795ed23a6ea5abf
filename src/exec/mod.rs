//! A [`Plan`](crate::plan::Plan) on real sockets, giving a [`Record`](crate::trace::record::Record).

pub(crate) mod pattern;
pub(crate) mod payload;
pub(crate) mod shown;
pub(crate) mod values;
