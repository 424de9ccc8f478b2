//! The resident's desk: somebody who holds a telephone declares a trip, sees what is recorded under that number and who
//! looked at it, challenges it, and asks for erasure.
//!
//! Whoever signs in proves one thing: that the telephone is at hand. So only records that themselves name this number
//! are shown, and never what else is known of the person whom such a record is about.

mod codes;
mod records;

pub(crate) use codes::Memory;
pub use codes::{
    CODE_LIFE, CodeSender, Delivery, Phone, Resident, SESSION_LIFE, enter, identify, leave, pending,
    request_code,
};
pub use records::{Look, Own, OwnState, ask_erasure, challenge, declare_trip, own_records};
