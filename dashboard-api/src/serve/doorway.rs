//! Where connections come in: so many at once, each with an end to its patience, by TLS if the settings say so.
//!
//! A connection that does not bring the head of a request in time is closed, however slowly it goes on sending; so is one
//! that does not finish its handshake. While a request is answered nothing is hurried. Whoever shows a certificate must
//! have it from the authority in the settings. Not here: what a request asks, whose a certificate is (`access`).

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::access::settings::Tls;

/// Connections at once; the next waits until one has gone.
const CONNECTIONS_MAX: usize = 8192;
/// How long the head of a request, or a body after it was asked for, may take. Longer than a body's own patience.
const HEAD_PATIENCE: Duration = Duration::from_secs(90);
/// How long a handshake may take.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);
/// Connections the system holds until they are let in. What comes on top is dropped, and comes again a second later: all
/// browsers of a province connect at once when a server starts again.
const KNOCKING_MAX: u32 = 4096;
/// Connections that came in and are not taken up yet.
const WAITING_MAX: usize = 64;
/// After an error of the system, such as too many open files.
const PAUSE: Duration = Duration::from_millis(200);
/// How the head of a request ends.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// SHA-256 of a certificate's bytes (DER).
pub(crate) type Fingerprint = [u8; 32];

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// Of the certificate it showed, if the authority in the settings has signed it.
    pub(crate) certificate: Option<Fingerprint>,
}

impl Connected<IncomingStream<'_, Doorway>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Doorway>) -> Peer {
        Peer { address: *stream.remote_addr(), certificate: stream.io().certificate }
    }
}

/// Where connections come in.
#[derive(Debug)]
pub(crate) struct Doorway {
    address: SocketAddr,
    came: mpsc::Receiver<(Visit, SocketAddr)>,
}

/// Listens at an address.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that starts again has connections of the one before on its port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(KNOCKING_MAX)
}

/// How TLS is spoken.
pub(crate) fn tls(files: &Tls) -> Result<TlsAcceptor, String> {
    let said = |path: &std::path::Path, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let (certificate, key) = (&files.certificate_file, &files.key_file);
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| said(certificate, &error))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| said(key, &error))?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| said(certificate, &error))?;
    let builder = match &files.client_authority_file {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let signers = CertificateDer::pem_file_iter(authority);
            let signers = signers.and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let mut roots = RootCertStore::empty();
            for signer in signers.map_err(|error| said(authority, &error))? {
                roots.add(signer).map_err(|error| said(authority, &error))?;
            }
            // People come by the same door and have none.
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = verifier.allow_unauthenticated().build();
            builder.with_client_cert_verifier(verifier.map_err(|error| said(authority, &error))?)
        }
    };
    let settings = builder.with_single_cert(chain, secret);
    let mut settings = settings.map_err(|error| said(certificate, &error))?;
    settings.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(settings)))
}

impl Doorway {
    /// Takes connections from `listener`.
    pub(crate) fn open(listener: TcpListener, tls: Option<TlsAcceptor>) -> io::Result<Doorway> {
        let address = listener.local_addr()?;
        let (send, came) = mpsc::channel(WAITING_MAX);
        tokio::spawn(take(listener, tls, send));
        Ok(Doorway { address, came })
    }
}

async fn take(listener: TcpListener, tls: Option<TlsAcceptor>, send: mpsc::Sender<(Visit, SocketAddr)>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(came) => came,
            Err(problem) => {
                tracing::debug!(%problem, "a connection did not come in");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (tls, send) = (tls.clone(), send.clone());
        let arrive = async move {
            let stream = match tls {
                None => Wire::Plain(stream),
                Some(tls) => {
                    let shaken = tokio::time::timeout(HANDSHAKE_PATIENCE, tls.accept(stream)).await;
                    let Ok(Ok(stream)) = shaken else { return };
                    Wire::Tls(Box::new(stream))
                }
            };
            let certificate = stream.certificate();
            // Nobody takes it up when the server ends.
            let _ = send.send((Visit { certificate, ..Visit::new(stream, permit) }, peer)).await;
        };
        tokio::spawn(arrive);
    }
}

impl Listener for Doorway {
    type Io = Visit;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visit, SocketAddr) {
        match self.came.recv().await {
            Some(came) => came,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// What bytes go over.
#[derive(Debug)]
enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// Of the certificate the other end showed; the handshake has checked who signed it.
    fn certificate(&self) -> Option<Fingerprint> {
        let Wire::Tls(stream) = self else { return None };
        let (_, connection) = stream.get_ref();
        Some(Sha256::digest(connection.peer_certificates()?.first()?).into())
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Visit {
    wire: Wire,
    /// Until when the head of a request must have come; nothing while one is answered.
    patience: Option<Pin<Box<Sleep>>>,
    /// How many bytes of [`HEAD_END`] came last.
    matched: usize,
    certificate: Option<Fingerprint>,
    _room: OwnedSemaphorePermit,
}

impl Visit {
    fn new(wire: Wire, room: OwnedSemaphorePermit) -> Visit {
        let patience = Some(Box::pin(tokio::time::sleep(HEAD_PATIENCE)));
        Visit { wire, patience, matched: 0, certificate: None, _room: room }
    }

    /// What came: once a head is whole its request is answered, and nothing is hurried.
    fn note_read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.matched = match (*byte == HEAD_END[self.matched], *byte == HEAD_END[0]) {
                (true, _) => self.matched + 1,
                (false, true) => 1,
                (false, false) => 0,
            };
            if self.matched == HEAD_END.len() {
                (self.matched, self.patience) = (0, None);
            }
        }
    }

    /// Something was answered: the next head has its time from now on.
    fn note_written(&mut self) {
        match &mut self.patience {
            Some(patience) => patience.as_mut().reset(Instant::now() + HEAD_PATIENCE),
            None => self.patience = Some(Box::pin(tokio::time::sleep(HEAD_PATIENCE))),
        }
    }
}

impl AsyncRead for Visit {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Wire::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        if read.is_ready() {
            self.note_read(&buffer.filled()[before..]);
            return read;
        }
        if let Some(patience) = &mut self.patience {
            ready!(patience.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Visit {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Wire::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        };
        if written.is_ready() {
            self.note_written();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_flush(context),
            Wire::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Wire::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Wire::Tls(stream) => Pin::new(stream).poll_write_vectored(context, parts),
        };
        if written.is_ready() {
            self.note_written();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(stream) => stream.is_write_vectored(),
            Wire::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// A visit, and the other end of it; time is told by the test.
    async fn visit() -> (Visit, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let (other, came) = tokio::join!(TcpStream::connect(address), listener.accept());
        let room = Arc::new(Semaphore::new(1)).acquire_owned().await.expect("there is room");
        (Visit::new(Wire::Plain(came.expect("it comes in").0), room), other.expect("it connects"))
    }

    #[tokio::test]
    async fn whoever_sends_a_head_byte_by_byte_is_cut_off_and_whoever_waits_for_an_answer_is_not() {
        let (mut slow, mut other) = visit().await;
        other.write_all(b"GET / HTTP/1.1\r\n").await.expect("it is sent");
        let mut bytes = [0; 64];
        assert!(slow.read(&mut bytes).await.expect("it comes") > 0);
        // The time is over whatever came.
        slow.patience.as_mut().expect("a head is awaited").as_mut().reset(Instant::now());
        let cut = slow.read(&mut bytes).await.expect_err("it is cut off");
        assert_eq!(cut.kind(), io::ErrorKind::TimedOut);

        let (mut whole, mut other) = visit().await;
        other.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r").await.expect("it is sent");
        while whole.read(&mut bytes).await.expect("it comes") == 0 {}
        assert!(whole.patience.is_some(), "not whole yet");
        other.write_all(b"\n").await.expect("it is sent");
        assert_eq!(whole.read(&mut bytes).await.expect("it comes"), 1);
        assert!(whole.patience.is_none(), "its answer may take its time");
        whole.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("it is answered");
        assert!(whole.patience.is_some(), "the next head has an end again");
    }
}
