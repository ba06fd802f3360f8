//! What systemd is told of us, where it started us.

use sd_notify::NotifyState;
use tracing::warn;

/// Work begins, or goes on after a reload.
pub fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The configuration is taken anew; [`ready`] follows.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => warn!("systemd was not told: {error}"),
    }
}

/// We live.
pub fn alive() {
    notify(&[NotifyState::Watchdog]);
}

/// We stop.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        warn!("systemd was not told: {error}");
    }
}
