//! TCP connections that can be broken at a chosen byte.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Where a connection breaks.
#[derive(Debug, Clone, Copy)]
enum Break {
    Never,
    /// After this many more bytes.
    After(usize),
    /// After this many bytes of the body that comes next.
    Within(usize),
}

/// Decides how much a connection may still send. Clones are the same connection.
#[derive(Debug, Clone)]
pub(super) struct Line(Arc<Mutex<Break>>);

impl Line {
    /// A connection that holds.
    pub(super) fn whole() -> Self {
        Self(Arc::new(Mutex::new(Break::Never)))
    }

    /// Whether the connection breaks somewhere.
    pub(super) fn is_broken(&self) -> bool {
        let at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(*at, Break::Never)
    }

    /// Breaks the connection before another byte goes out.
    pub(super) fn lose(&self) {
        self.set(Break::After(0));
    }

    /// Breaks the connection after this many bytes of the next body.
    pub(super) fn cut(&self, bytes: usize) {
        self.set(Break::Within(bytes));
    }

    fn set(&self, at: Break) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// How many bytes of `buf` may go out; none when there is no limit.
    fn allowed(&self, buf: &[u8]) -> Option<usize> {
        let mut at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Break::Within(body) = *at
            && let Some(head) = buf.windows(4).position(|four| four == b"\r\n\r\n")
        {
            // hyper hands over the head in one piece.
            *at = Break::After(head + 4 + body);
        }
        match *at {
            Break::After(bytes) => Some(bytes),
            Break::Never | Break::Within(_) => None,
        }
    }
}

impl Connected<IncomingStream<'_, Wires>> for Line {
    fn connect_info(stream: IncomingStream<'_, Wires>) -> Self {
        stream.io().line.clone()
    }
}

/// A listener whose connections can be broken.
pub(super) struct Wires(pub(super) TcpListener);

impl Listener for Wires {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        // axum's own listener knows which errors of accepting pass by themselves.
        let (stream, address) = Listener::accept(&mut self.0).await;
        (
            Wire {
                stream,
                line: Line::whole(),
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// One connection.
pub(super) struct Wire {
    stream: TcpStream,
    line: Line,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(allowed) = self.line.allowed(buf) else {
            return Pin::new(&mut self.stream).poll_write(cx, buf);
        };
        if allowed == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, &buf[..buf.len().min(allowed)]);
        if let Poll::Ready(Ok(count)) = &written {
            self.line.set(Break::After(allowed - count));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
