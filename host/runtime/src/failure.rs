//! How a failed call is told: what the host refused in it, which limit it met, what its guest said, how it was ended,
//! and what a person does about it.
//!
//! [`outcome`] reads what a guest returned and [`classify`] what the sandbox did to it; [`complete`] adds what the host
//! knows of the call: its [`Course`] and its [`Circumstances`].

mod course;
mod denial;
mod fault;
mod limit;
mod outcome;
mod remedy;

pub(crate) use course::{Course, LastRequest, SentAs};
pub(crate) use denial::{Asked, Denial, Missing};
pub(crate) use fault::{cancelled, classify, timed_out};
pub(crate) use limit::LimitHit;
pub(crate) use outcome::outcome;
pub(crate) use remedy::{Circumstances, Ending, complete};
