//! Personal data: encrypted before they leave the process, readable only with a key of the customer's own, which itself
//! lies wrapped under the master key. To destroy a customer's keys is to forget the customer (R-SEC-01).
//! Every sealed value is bound to its place (table, column, row): it cannot be moved to another.
mod cipher;
mod link;
mod rows;

pub use cipher::{CustomerKey, Master, Place, key_of};
pub use link::{Link, read as read_link, token as link_token};
pub use rows::{Person, Text, alike, marked_text_row, person_beside_text, person_row, text_row};
