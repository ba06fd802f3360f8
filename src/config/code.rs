//! The codes of the configuration's errors and warnings. A code, once given,
//! keeps its meaning; the snapshots in `tests/config_errors` provoke each.

/// A file or directory cannot be read.
pub const UNREADABLE: &str = "E0101";
/// The text is not TOML.
pub const NOTATION: &str = "E0102";
/// A key or a variable that means nothing here.
pub const UNKNOWN_KEY: &str = "E0103";
/// A required key is not set.
pub const MISSING: &str = "E0104";
/// Text where a number is wanted, and the like.
pub const WRONG_KIND: &str = "E0105";
/// The right kind of value, but not one that means something.
pub const BAD_VALUE: &str = "E0106";
/// One key set in two files.
pub const SET_TWICE: &str = "E0107";
/// A name of something that does not exist.
pub const UNKNOWN_NAME: &str = "E0108";
/// A name that cannot be given.
pub const BAD_NAME: &str = "E0109";
/// A known word whose part is not built yet.
pub const NOT_BUILT: &str = "E0110";
/// A secret typed into the configuration itself.
pub const INLINE_SECRET: &str = "E0111";
/// A secret that cannot be read where the configuration says it is.
pub const UNREADABLE_SECRET: &str = "E0112";
/// An option on a kind of rule that cannot have it, or two that exclude each other.
pub const MISPLACED_OPTION: &str = "E0113";
/// A platform does not have what is asked of it.
pub const UNSUPPORTED: &str = "E0114";
/// Events are kept for less time than something looks back.
pub const HORIZON: &str = "E0116";
/// A draft of the rules that changes something else.
pub const NOT_RULES: &str = "E0130";
/// Warning: others can read or overhear a secret.
pub const EXPOSED_SECRET: &str = "E0151";
/// Warning: a rule or band that is correct and probably not what was meant.
pub const DOUBTFUL_RULE: &str = "E0250";

/// All of them.
pub const ALL: [&str; 18] = [
    UNREADABLE,
    NOTATION,
    UNKNOWN_KEY,
    MISSING,
    WRONG_KIND,
    BAD_VALUE,
    SET_TWICE,
    UNKNOWN_NAME,
    BAD_NAME,
    NOT_BUILT,
    INLINE_SECRET,
    UNREADABLE_SECRET,
    MISPLACED_OPTION,
    UNSUPPORTED,
    HORIZON,
    NOT_RULES,
    EXPOSED_SECRET,
    DOUBTFUL_RULE,
];
