//! The API as a client sees it: the real router on an embedded database.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

#[path = "../../../app/tests/city/mod.rs"]
mod city;
mod events;
mod portal;
mod publications;
mod regions;
mod signals;
mod situation;
mod support;
