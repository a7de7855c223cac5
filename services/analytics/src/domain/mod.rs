//! What the figures mean and how they are worked out from counts; pure. Numerators are parts of their denominators by
//! construction, and a figure that rests on nothing has no value.
pub mod analysis;
pub mod comparison;
pub mod counted;
pub mod fact;
pub mod figure;
pub mod intake;
pub mod metric;
pub mod orders;
pub mod period;
pub mod span;
pub mod statistics;
