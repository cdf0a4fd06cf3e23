//! An edition as it is shown: read back from its sealed file, checked whole, and judged as its case stands.
//!
//! What does not hold together is not shown. What was read is kept for a while, so that a page costs no file. Not here:
//! what of it somebody may see.

use std::collections::HashMap;
use std::sync::Arc;

use compute::engine::Snapshot;
use compute::set::Catalogue;
use editions::content::{Content, Judged, hash_of_files};
use editions::difference::Difference;
use editions::seal::{Sealed, root_of};
use tokio::sync::OnceCell;

use super::keeping::Part;
use super::{Editions, Entry, Inner};
use crate::serve::problem::Problem;

/// Editions kept as read, and as shown.
const KEPT_MAX: usize = 4;

/// An edition as it stands.
#[derive(Debug)]
pub(in crate::serve) struct View {
    pub(in crate::serve) id: String,
    pub(in crate::serve) entry: Entry,
    /// As published; before that, as it would be.
    pub(in crate::serve) content: Content,
    /// The hash of its lines.
    pub(in crate::serve) root: String,
    pub(in crate::serve) catalogue: Arc<Catalogue>,
    /// The ground of its figures.
    pub(in crate::serve) snapshot: Arc<Snapshot>,
    /// What accepted objections change, from what was frozen.
    pub(in crate::serve) recount: Difference,
    /// The seal of its public files, once somebody asked for it.
    pub(in crate::serve) public_seal: OnceCell<String>,
}

/// A sealed file, read.
type Read = Arc<(Content, Arc<Catalogue>)>;

/// What was read lately.
#[derive(Debug, Default)]
pub(super) struct Views {
    read: HashMap<(String, Part), Place<Read>>,
    /// By edition and how many acts it had.
    shown: HashMap<(String, usize), Place<Arc<View>>>,
}

/// Where what is read once is put; empty while it is being read, and when that failed.
type Place<T> = Arc<OnceCell<T>>;

/// The place under `key`, made where there is none.
fn place_of<K: std::hash::Hash + Eq, T>(places: &mut HashMap<K, Place<T>>, key: K) -> Place<T> {
    if places.len() >= KEPT_MAX && !places.contains_key(&key) {
        // Whoever still reads one of them keeps their own hold of it.
        places.clear();
    }
    Arc::clone(places.entry(key).or_default())
}

impl Editions {
    /// An edition as it stands.
    pub(in crate::serve) async fn view(&self, id: &str) -> Result<Arc<View>, Problem> {
        let entry = self.entry(id).await?;
        let key = (id.to_owned(), entry.acts.len());
        let place = place_of(&mut self.0.views.lock().await.shown, key);
        // The second who asks for this edition waits for the first; who asks for another waits for nobody.
        let made = place.get_or_try_init(|| async {
            let frozen = self.read(id, Part::Frozen).await?;
            let published = match &entry.case.published {
                Some(_) => Some(self.read(id, Part::Published).await?),
                None => None,
            };
            let id = id.to_owned();
            let made = tokio::task::spawn_blocking(move || view(id, entry, &frozen, published.as_ref()));
            Ok::<_, Problem>(Arc::new(made.await.map_err(|_| Problem::Stopped)??))
        });
        made.await.map(Arc::clone)
    }

    async fn read(&self, id: &str, part: Part) -> Result<Read, Problem> {
        let place = place_of(&mut self.0.views.lock().await.read, (id.to_owned(), part));
        let read = place.get_or_try_init(|| async {
            let (inner, id) = (Arc::clone(&self.0), id.to_owned());
            let read = tokio::task::spawn_blocking(move || inner.read_checked(&id, part));
            Ok(Arc::new(read.await.map_err(|_| Problem::Stopped)?.map_err(Problem::Damaged)?))
        });
        read.await.map(Arc::clone)
    }

    /// Lines under the seal of this server.
    pub(in crate::serve) fn seal(&self, lines: &[String]) -> String {
        self.0.keeping.seal(lines)
    }

    /// The sealed file of what was published, or of what was frozen while nothing is.
    pub(in crate::serve) async fn sealed(&self, id: &str) -> Result<Vec<u8>, Problem> {
        let entry = self.entry(id).await?;
        let part = if entry.case.published.is_some() { Part::Published } else { Part::Frozen };
        let (inner, id) = (Arc::clone(&self.0), id.to_owned());
        let read = tokio::task::spawn_blocking(move || inner.keeping.read(&id, part));
        read.await.map_err(|_| Problem::Stopped)?.map_err(Problem::Damaged)
    }
}

impl Inner {
    fn read_checked(&self, id: &str, part: Part) -> Result<(Content, Arc<Catalogue>), String> {
        let bytes = self.keeping.read(id, part)?;
        let said = |why: &dyn std::fmt::Display| format!("edition {id} is damaged and is not shown: {why}");
        let sealed = Sealed::read(&bytes).and_then(|sealed| sealed.signed_by(self.keeping.public_key()));
        let sealed = sealed.map_err(|why| said(&why))?;
        let (content, catalogue) = Content::read(&sealed.lines).map_err(|why| said(&why))?;
        if content.id() != id {
            return Err(said(&format!("it is edition {}", content.id())));
        }
        // The live one has the same conditions compiled already.
        let is_ours = hash_of_files(&content.head.sources) == hash_of_files(&self.sources);
        Ok((content, if is_ours { Arc::clone(&self.catalogue) } else { catalogue }))
    }
}

fn view(id: String, entry: Entry, frozen: &Read, published: Option<&Read>) -> Result<View, Problem> {
    let damaged = |why: &dyn std::fmt::Display| Problem::Damaged(format!("edition {id}: {why}"));
    let catalogue = Arc::clone(&frozen.1);
    let content = match published {
        Some(published) => published.0.clone(),
        None => judged(&frozen.0, &entry, &id),
    };
    let lines = content.lines(&catalogue).map_err(|why| damaged(&why))?;
    let root = root_of(&lines);
    if let Some((wanted, _)) = &entry.case.published
        && *wanted != root
    {
        return Err(damaged(&"its file is not what was published"));
    }
    let recount = Difference::between((&frozen.0, &catalogue), (&content, &catalogue));
    let recount = recount.map_err(|why| damaged(&why))?;
    let snapshot = Arc::new(content.snapshot(&catalogue).map_err(|why| damaged(&why))?);
    let public_seal = OnceCell::new();
    Ok(View { id, entry, content, root, catalogue, snapshot, recount, public_seal })
}

/// What was frozen, with accepted objections judged, and what was approved of officers.
fn judged(frozen: &Content, entry: &Entry, id: &str) -> Content {
    let mut content = frozen.clone();
    let decided = entry.case.accepted().map(|objection| Judged {
        dossier: objection.dossier.clone(),
        reason: objection.reason,
        decided_in: (id.to_owned(), objection.number),
    });
    content.judged.extend(decided);
    content.judged.sort_by(|one, other| one.dossier.cmp(&other.dossier));
    content.judged.dedup_by(|one, other| one.dossier == other.dossier);
    content.head.names_officers = entry.case.approved.as_ref().map(|(_, names)| *names);
    content
}

/// The content that would be published if officers were shown or not.
pub(super) fn as_approved(view: &View, names_officers: bool) -> Content {
    let mut content = view.content.clone();
    content.head.names_officers = Some(names_officers);
    content
}
