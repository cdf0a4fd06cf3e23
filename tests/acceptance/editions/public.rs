//! What the public can check: every file they are given, by the seal of the edition's public files, offline.

use std::collections::BTreeSet;

use acceptance_tests::program::nhip;
use editions::public::PublicFiles;
use editions::seal::Sealed;
use serde_json::json;

use super::{AT_ONCE, MONTH, Scene, many};

/// What [`many`] tells, published.
pub(super) fn published(names_officers: bool) -> Scene {
    let scene = Scene::empty(&format!("{AT_ONCE}repeated_from = 4\n"));
    assert_eq!(scene.server.post_batch(&many()).status, 202);
    scene.close();
    let approval = json!({ "by": "an", "names_officers": names_officers });
    scene.act(&format!("/api/v1/editions/{MONTH}/approval"), &approval);
    scene.act(&format!("/api/v1/editions/{MONTH}/publication"), &json!({ "by": "an" }));
    scene
}

#[test]
fn every_public_file_is_checked_by_the_seal_and_a_changed_one_is_found() {
    let scene = published(true);
    let seal = scene.server.get(&format!("/ky/{MONTH}/ban-1.seal"));
    assert_eq!(seal.status, 200, "{}", seal.text());
    let sealed = Sealed::read(&seal.body).expect("it holds");
    let (whole, key) = (scene.sealed(MONTH), scene.server.get("/api/v1/editions").json());
    assert_eq!(Some(sealed.key.as_str()), key["public_key"].as_str(), "the key is that of editions");
    let public = PublicFiles::read(&sealed.lines).expect("it lists files");
    assert_eq!(public.of.root, Sealed::read(&whole).expect("it holds").root, "of this edition");
    let kinds: BTreeSet<&str> = (public.files.iter())
        .map(|file| file.address.split('?').next().expect("a path").rsplit('/').next().expect("a name"))
        .collect();
    for what in ["ban-1", "ban-1-don-vi-cham", "ban-1-can-bo-cham"] {
        for ending in ["pdf", "xlsx", "csv"] {
            assert!(kinds.contains(format!("{what}.{ending}").as_str()), "{what}.{ending}: {kinds:?}");
        }
    }
    // Asked for again, every file has the bytes that were sealed, and the program finds it by them.
    let seal_file = scene.folder.write("ban-1.seal", &seal.body);
    for file in &public.files {
        let given = scene.server.get(&file.address);
        assert_eq!(given.status, 200, "{}", file.address);
        assert_eq!(
            public.find(&given.body).map(|found| &found.sha256),
            Some(&file.sha256),
            "{}",
            file.address
        );
    }
    let taken = scene.server.get(&format!("/ky/{MONTH}/ban-1.pdf")).body;
    let path = scene.folder.write("taken.pdf", &taken);
    let check = |path: &str, more: &[&str]| {
        nhip(&[&["verify-edition", path, "--seal", &seal_file], more].concat(), b"")
    };
    let good = check(&path, &["--key", &sealed.key]);
    assert_eq!(good.status, 0, "{}{}", good.text(), good.stderr);
    assert!(good.text().contains("ban-1.pdf") && good.text().contains(&public.of.root), "{}", good.text());
    let unnamed = check(&path, &[]);
    assert!(unnamed.text().contains("whose key it is was not checked"), "{}", unnamed.text());
    let mut changed = taken;
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let changed = scene.folder.write("changed.pdf", &changed);
    let found = check(&changed, &[]);
    assert!(found.status == 1 && found.text().contains("it was changed"), "{}", found.text());
    let foreign = check(&path, &["--key", &"0".repeat(64)]);
    assert!(foreign.status == 1 && foreign.text().contains("is signed with the key"), "{}", foreign.text());
    let alone = nhip(&["verify-edition", &path], b"");
    assert!(alone.status == 1 && alone.text().contains("--seal"), "{}", alone.text());
    let itself = nhip(&["verify-edition", &seal_file], b"");
    assert!(itself.status == 0 && itself.text().contains("public files of edition"), "{}", itself.text());
    // The seal of the whole edition lists no public files.
    let whole = scene.folder.write("whole.edition", &whole);
    let wrong = nhip(&["verify-edition", &path, "--seal", &whole], b"");
    assert!(
        wrong.status == 1 && wrong.text().contains("not those of an edition's public files"),
        "{}",
        wrong.text()
    );
}

#[test]
fn delayed_agencies_are_a_list_of_their_own_and_officers_only_where_they_are_named() {
    for names_officers in [false, true] {
        let scene = published(names_officers);
        let delayed = scene.server.get(&format!("/ky/{MONTH}/ban-1-don-vi-cham.csv"));
        assert_eq!(delayed.status, 200);
        assert!(delayed.text().contains(",4,20"), "{}", delayed.text());
        assert!(!delayed.text().contains("NGUYENVANTEN"));
        let officers = scene.server.get(&format!("/ky/{MONTH}/ban-1-can-bo-cham.csv"));
        assert_eq!(officers.status, if names_officers { 200 } else { 404 }, "{}", officers.text());
        assert_eq!(officers.text().contains("NGUYENVANTEN"), names_officers);
        let seal = scene.server.get(&format!("/ky/{MONTH}/ban-1.seal")).text();
        assert_eq!(seal.contains("can-bo-cham"), names_officers, "{seal}");
        assert!(!seal.contains("NGUYENVANTEN"), "a seal has hashes, and no names");
        for path in ["ban-1-x.csv", "ban-1-don-vi-cham", "ban-1-don-vi-cham.seal", "ban-2.seal"] {
            assert_eq!(scene.server.get(&format!("/ky/{MONTH}/{path}")).status, 404, "{path}");
        }
    }
}
