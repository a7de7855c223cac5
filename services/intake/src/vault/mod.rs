//! Personal data: encrypted before they leave the process, readable only with the customer's own key, which itself lies
//! wrapped under the master key. To destroy a customer's key is to forget the customer (R-SEC-01).
//! Every sealed value is bound to its place (table, column, row): it cannot be moved to another.
mod cipher;
mod keyring;
mod rows;

pub use cipher::{CustomerKey, Master, Place};
pub use keyring::Keyring;
pub use rows::{Person, Text, person_row, text_row};
