//! The three values of a condition, with Kleene's `and`, `or` and `not`.
//!
//! Why something is unknown is kept by those who found it so.

use std::ops::Not;

/// True, false, or not known. Only `True` ever acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It does not hold.
    False,
    /// We cannot tell; neither it nor its opposite acts.
    Unknown,
    /// It holds.
    True,
}

impl Truth {
    /// False if one is false, true if both are true, else unknown.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        // The variants stand in Kleene's order, so `and` is the lesser of two.
        self.min(other)
    }

    /// True if one is true, false if both are false, else unknown.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Whether it is known to hold.
    pub fn is_true(self) -> bool {
        self == Self::True
    }
}

impl Not for Truth {
    type Output = Self;

    /// Unknown stays unknown.
    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, False, True, Unknown};

    #[test]
    fn and_or_and_not_follow_kleenes_tables() {
        for (a, b, and, or) in [
            (True, True, True, True),
            (True, False, False, True),
            (True, Unknown, Unknown, True),
            (False, False, False, False),
            (False, Unknown, False, Unknown),
            (Unknown, Unknown, Unknown, Unknown),
        ] {
            assert_eq!((a.and(b), b.and(a)), (and, and), "{a:?} and {b:?}");
            assert_eq!((a.or(b), b.or(a)), (or, or), "{a:?} or {b:?}");
            // De Morgan ties `not` to both.
            assert_eq!(!(a.and(b)), (!a).or(!b));
        }
        assert_eq!(Truth::from(true), !Truth::from(false));
    }
}
