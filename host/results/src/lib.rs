//! Results: tables, texts, images and files that tools produced for people, kept whole and exact.
//!
//! A table is typed columns in pieces (`piece`); whoever reads one never holds more than some pieces. docs/RESULTS.md is the
//! contract.
//!
//! Only this crate names Arrow, Parquet and what makes workbooks. It knows the store and no HTTP.

mod builder;
mod column;
mod digest;
mod error;
mod export;
mod filter;
mod parse;
mod piece;
mod scan;
mod sort;
mod views;
mod write;
