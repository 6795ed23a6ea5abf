//! The integration tests, all in one binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod browser;
mod captures;
mod ci;
mod cli;
mod config;
mod controls;
mod coverage;
mod diagnostics;
mod doctor;
mod editors;
mod explain;
mod fmt;
mod good;
mod hostile;
mod html;
mod includes;
mod isolation;
mod layering;
mod moving;
mod mutants;
mod naming;
mod new;
mod packaging;
mod partitions;
mod pcap;
mod portability;
mod ports;
mod probe;
mod programs;
mod progress;
mod project;
mod readme;
mod record;
mod rendering;
mod reports;
mod review;
mod run_again;
mod run_reports;
mod schema;
mod settling;
mod shells;
mod show;
mod snapshot;
mod stress;
mod terminal;
mod traces;

mod watch;
mod why;
mod wire;
