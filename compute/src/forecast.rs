//! What would be: an engine to which events are told that nobody has sent.
//!
//! "If these dossiers are finished by Friday" is answered by the same fold that counts what happened, over an excerpt:
//! never by an estimate. Not here: which dossiers are asked about, comparing the outcomes (`change`).

use std::borrow::Cow;

use crate::codes::LocalCodes;
use crate::engine::{Engine, Routed};
use crate::event::contract::FIELDS_MAX;
use crate::event::{Draft, EventType, FieldId, Given};
use crate::instant::Instant;

/// The sender of events that nobody sent; it never reaches a log.
const SOURCE: &str = "/nhip/forecast";

/// Tells `engine` that a dossier is finished: granted, with a digital result.
pub fn finish(engine: &mut Engine, finished: &[(String, Instant)]) {
    let mut codes = LocalCodes::new(&engine.codes());
    let mut routed = Routed::new(engine.shards());
    for (dossier, at) in finished {
        let fields = EventType::Processed.fields();
        let mut values: [Option<Given<'_>>; FIELDS_MAX] = std::array::from_fn(|_| None);
        for (place, field) in fields.iter().enumerate() {
            values[place] = match field.id {
                FieldId::Outcome => Some(Given::Choice(0)),
                FieldId::ResultDigital => Some(Given::Bool(true)),
                _ => None,
            };
        }
        let draft = Draft {
            event_type: EventType::Processed,
            source: SOURCE.into(),
            id: Cow::Borrowed(dossier),
            subject: Cow::Borrowed(dossier),
            time: *at,
            recorded: None,
            values,
        };
        routed.push(&draft, &mut codes);
    }
    engine.apply(&[routed]);
}
