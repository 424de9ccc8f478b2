//! The resident's desk: somebody who holds a telephone declares a trip, sees what is recorded under that number and who
//! looked at it, challenges it, and asks for erasure.
//!
//! Whoever signs in proves one thing: that the telephone is at hand. So only records that were made at the desk under
//! this number are shown at first. Whoever also gives the number of the identity document of somebody who is recorded
//! under this telephone sees what is recorded of that person, whoever entered it.

mod codes;
mod records;

pub(crate) use codes::clear;
pub use codes::{
    CODE_LIFE, CodeSender, Delivery, Phone, Resident, SESSION_LIFE, enter, give_document, identify, leave,
    pending, request_code,
};
pub use records::{Look, Own, OwnState, ask_erasure, challenge, declare_trip, own_records};
