//! What systemd is told of us, where it started us.
//!
//! It learns that we are ready when the database is migrated and every listener
//! listens, and that we live when the writer has shown it: a thread that only
//! counted seconds would vouch for a writer that hangs.

use std::{
    io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixDatagram},
    },
    sync::Arc,
};

use sd_notify::NotifyState;
use tracing::{info, warn};

use crate::{config::Environment, store::Upgrading};

/// Where systemd listens. Its value is a path, or `@` and a name without one.
const SOCKET: &str = "NOTIFY_SOCKET";

/// What an upgrade of the database asks for each time it shows that it goes on: two minutes, in microseconds.
const UPGRADE_GOES_ON_WITHIN: u32 = 120_000_000;

/// Whoever started us and watches over us; nobody outside of systemd.
#[derive(Clone, Debug, Default)]
pub struct Supervisor {
    socket: Option<Arc<str>>,
}

impl Supervisor {
    /// The one that the environment names.
    pub fn of(environment: &Environment) -> Self {
        let socket = environment.get(SOCKET).filter(|socket| !socket.is_empty());
        Self {
            socket: socket.map(|socket| Arc::from(socket.as_str())),
        }
    }

    /// Work begins, or goes on after a reload.
    pub fn ready(&self) {
        self.tell(&[NotifyState::Ready]);
    }

    /// The configuration is taken anew; [`Supervisor::ready`] follows.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now]),
            Err(error) => warn!("systemd was not told: {error}"),
        }
    }

    /// We live.
    pub fn alive(&self) {
        self.tell(&[NotifyState::Watchdog]);
    }

    /// We stop.
    pub fn stopping(&self) {
        self.tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    }

    /// What is being done now, for a person who asks systemd.
    pub fn doing(&self, what: &str) {
        self.tell(&[NotifyState::Status(&what.replace('\n', " "))]);
    }

    /// The database is brought to the present schema, which on a large list takes longer than a start may. More time is
    /// asked for whenever the work shows that it goes on, and at no other time.
    pub fn upgrading(&self) -> Upgrading {
        let supervisor = self.clone();
        Arc::new(move |step, begins| {
            if begins {
                info!(step, "bringing the database up to date");
            }
            let status = format!("bringing the database up to date: {step}");
            supervisor.tell(&[
                NotifyState::ExtendTimeoutUsec(UPGRADE_GOES_ON_WITHIN),
                NotifyState::Status(&status),
            ]);
        })
    }

    fn tell(&self, state: &[NotifyState<'_>]) {
        let Some(socket) = &self.socket else {
            return;
        };
        let lines: Vec<String> = state.iter().map(ToString::to_string).collect();
        if let Err(error) = send(socket, &lines.join("\n")) {
            warn!("systemd was not told: {error}");
        }
    }
}

fn send(socket: &str, text: &str) -> io::Result<()> {
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    let datagram = UnixDatagram::unbound()?;
    datagram.send_to_addr(text.as_bytes(), &address)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_at(socket: &str, listener: &UnixDatagram, tell: impl Fn(&Supervisor)) -> String {
        let environment = Environment::from([(SOCKET.to_owned(), socket.to_owned())]);
        tell(&Supervisor::of(&environment));
        listener.set_nonblocking(true).unwrap();
        let mut heard = [0; 1024];
        let length = listener.recv(&mut heard).unwrap();
        String::from_utf8(heard[..length].to_vec()).unwrap()
    }

    #[test]
    fn systemd_is_told_in_its_own_words_by_a_path_or_an_abstract_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let by_path = UnixDatagram::bind(&path).unwrap();
        let path = path.to_str().unwrap();
        let ready = told_at(path, &by_path, Supervisor::ready);
        assert_eq!(ready, "READY=1");
        let alive = told_at(path, &by_path, Supervisor::alive);
        assert_eq!(alive, "WATCHDOG=1");
        let doing = told_at(path, &by_path, |systemd| {
            systemd.doing("sync a\nREADY=1");
        });
        assert_eq!(doing, "STATUS=sync a READY=1", "no second assignment");
        let stopping = told_at(path, &by_path, Supervisor::stopping);
        assert_eq!(stopping, "STOPPING=1\nSTATUS=stopping");
        let reloading = told_at(path, &by_path, Supervisor::reloading);
        assert!(
            reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="),
            "{reloading}"
        );
        let more_time = told_at(path, &by_path, |systemd| {
            systemd.upgrading()("a copy", true);
        });
        assert_eq!(
            more_time,
            "EXTEND_TIMEOUT_USEC=120000000\nSTATUS=bringing the database up to date: a copy"
        );

        let name = format!("engaged-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let by_name = UnixDatagram::bind_addr(&address).unwrap();
        let alive = told_at(&format!("@{name}"), &by_name, Supervisor::alive);
        assert_eq!(alive, "WATCHDOG=1");
    }

    #[test]
    fn without_systemd_nobody_is_told_and_nothing_fails() {
        Supervisor::of(&Environment::new()).ready();
        let gone = Environment::from([(SOCKET.to_owned(), "/nowhere/notify".to_owned())]);
        Supervisor::of(&gone).alive();
    }
}
