//! What the figures mean and how they are worked out from counts; pure. Numerators are parts of their denominators by
//! construction, and a figure that rests on nothing has no value.
pub mod fact;
pub mod figure;
pub mod metric;
pub mod period;
pub mod statistics;
