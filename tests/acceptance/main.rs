//! The specification as stories: events go into the real program, figures come out.
//!
//! Read the tests' names as a page; the language of the stories is explained in `tests/support/story.rs`.
//! Not here: the program against a second implementation (`tests/oracle`), chance (`tests/simulation`).

mod access;
mod alert_channels;
mod alert_delivery;
mod alert_history;
mod alert_measures;
mod alert_settings;
mod alerts;
mod asyncapi;
mod calendar;
mod clock;
mod command_line;
mod deploy;
mod due_dates;
mod duties;
mod duties_served;
mod earlier;
mod edition_settings;
mod editions;
mod endings;
mod exchange;
mod exports;
mod figures;
mod helm;
mod history;
mod http;
mod lists;
mod openapi;
mod organisation;
mod paging;
mod periods;
mod petitions;
mod reconciliation;
mod regressions;
mod rejects;
mod roles;
mod sets;
mod settings;
mod shared_data;
mod standing;
mod stream;
mod supply;
mod survey;
mod tile_map;
