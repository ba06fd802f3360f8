//! Where the contract can be read in two ways: the reading taken, so that the choice is seen.

/// "The last `subscribe` after it": one by a machine moves the anchor too.
pub(super) const MACHINE_SUBSCRIBE_MOVES_ANCHOR: bool = true;
/// "For that kind": a total of purchases is not whole under a hole in refunds either.
pub(super) const REFUND_HOLE_COUNTS: bool = false;
/// A glob of `on` that begins with `/` is over the path, as in link classes; the contract says "the URL".
pub(super) const ON_TAKES_PATHS: bool = true;
/// "On a connection the contact is in": a pattern with `from` looks at holes of that connection alone.
pub(super) const FROM_NARROWS_HOLES: bool = true;
/// What a platform says about status and lists is profile: it has no date of its own, like a field.
pub(super) const LATER_WORDS_EXIST: bool = true;
/// An untyped bounce makes a status `bounced` as a hard one does; a soft one never does.
pub(super) const UNTYPED_BOUNCE_IS_HARD: bool = true;
/// "Without a span, `no purchase` means never, and asks for coverage only": never opened and
/// never clicked still ask for mail that was ignored, and for opens that can be measured.
pub(super) const NEVER_OPENED_ASKS_FOR_MAIL: bool = true;
/// "For opens: open or click": counts, days and time since have no stand-in, so only absence minds holes in clicks.
pub(super) const CLICK_HOLE_UNDER_OPEN_COUNTS: bool = false;
/// "Another currency in the window": an event without an amount counts too, if it names a currency.
pub(super) const CURRENCY_WITHOUT_AMOUNT_COUNTS: bool = true;
/// "A day that our own sync did not cover for that kind": what no connection of the contact reports is covered on no day, not even today.
pub(super) const UNREPORTED_IS_A_HOLE: bool = true;
