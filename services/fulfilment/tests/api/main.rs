//! Fulfilment through its doors, over real Postgres, a real broker and the sandbox payment provider over HTTP.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod agreed;
mod bad_input;
mod by_pieces;
mod callbacks;
mod carriers;
mod compensations;
mod costs;
mod doors;
mod effort;
mod fail_points;
mod found;
mod goods;
mod money;
mod open;
mod payments;
mod payouts;
mod policies;
mod repairs;
mod replacements;
mod requests;
mod returns;
mod stories;
mod tenders;
mod trouble;
mod webhooks;
mod world;
