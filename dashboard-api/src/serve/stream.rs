//! The live stream to one viewer: everything or what they missed, then what all who look at the same are told.
//!
//! Each message has an id; who comes back with it gets what changed since, and everything where that is not known: after
//! a restart, when a unit has gone, when too much else was asked in between. Not here: what is told and when
//! (`telling`), how a row looks (`view`).

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;

use super::Server;
use super::access::scope::Scope;
use super::board::View;
use super::problem::Problem;
use super::telling::{Sight, Told};

/// How often it is asked again whether the viewer may still look.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Messages on their way to one viewer; who does not read them waits, and then gets everything anew.
const WAITING_MAX: usize = 4;

/// Streams what `scope` may see of `view` to one viewer; to one who names the last message it had, first only what
/// changed since, if that is known.
pub(super) fn stream(
    server: Server,
    view: View,
    scope: Scope,
    last_id: Option<&str>,
) -> Result<Response, Problem> {
    let sight = Sight::of(view, &scope);
    let known = last_id.and_then(|id| sight.version_of(id));
    // Listening begins before the first message is made, so that nothing lies between the two.
    let told = server.board.telling.listen(&server, &sight)?;
    let first = sight.first(&server, known)?;
    let (send, receive) = channel(WAITING_MAX);
    tokio::spawn(async move {
        server.telemetry.viewers.inc();
        follow(&server, (&sight, &scope), (first, told), &send).await;
        server.telemetry.viewers.dec();
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, Body::from_stream(ReceiverStream::new(receive))).into_response())
}

/// Until the viewer goes, may no longer look, or there is nothing to tell any more.
async fn follow(
    server: &Server,
    (sight, scope): (&Sight, &Scope),
    (first, mut told): (Told, Receiver<Told>),
    send: &Sender<Result<Bytes, Infallible>>,
) {
    let mut version = first.version;
    let mut next = Some(first);
    let mut asking = tokio::time::interval(ASK_AGAIN);
    loop {
        if let Some(message) = next.take() {
            version = message.version;
            if send.send(Ok(message.text)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            message = told.recv() => match message {
                Ok(message) => next = message.is_news_after(version).then_some(message),
                // Too slow for what came meanwhile.
                Err(RecvError::Lagged(_)) => match sight.first(server, None) {
                    Ok(whole) => next = Some(whole),
                    Err(_) => return,
                },
                Err(RecvError::Closed) => return,
            },
            _ = asking.tick() => if !server.access.still_lets_in(scope) { return },
            () = send.closed() => return,
        }
    }
}
