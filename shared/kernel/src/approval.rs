//! Approval: four eyes on what costs money or binds the house (R-CMP-07, R-SCH-02).
//! Nobody approves their own work, whatever else they may do.

/// True when `approver` is another person than `author`. Both are actor ids such as `staff:ana`; case and surrounding
/// space do not make another person of somebody.
pub fn independent(author: &str, approver: &str) -> bool {
    author.trim().to_lowercase() != approver.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_author_stays_the_author_in_any_spelling() {
        assert!(independent("staff:ana", "staff:ben"));
        assert!(!independent("staff:ana", "staff:ana"));
        assert!(!independent("staff:ana", " Staff:Ana "));
    }
}
