//! The API as a client sees it: the real router on an embedded database.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod administration;
mod articles;
#[path = "../../../app/tests/city/mod.rs"]
mod city;
mod client;
mod comments;
mod contract;
mod desk;
mod diagrams;
mod events;
mod exports;
mod imports;
mod links;
mod persons;
mod portal;
mod publications;
mod records;
mod regions;
mod search;
mod services;
mod sessions;
mod signals;
mod situation;
mod support;
#[path = "../../../app/tests/town/mod.rs"]
mod town;
mod work;
