//! The chart in `deploy/helm` against the program: what it renders is whole, bound down, and starts.
//!
//! It is rendered here by the few words of Helm's language that it uses, and any other word is refused, so that nobody
//! needs Helm to test it. Not here: a cluster.

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Server, within};
use acceptance_tests::shared::root;
use serde_json::{Value, json};

use super::deploy::{PATIENCE, is_pinned, yaml};

const RELEASE: &str = "nhip";
const FILES: [&str; 4] = ["settings.yaml", "alone.yaml", "workers.yaml", "readers.yaml"];

fn text(name: &str) -> String {
    let path = root().join("deploy/helm/nhip").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The value of one expression.
fn value(words: &str, values: &Value) -> Value {
    if words == ".Release.Name" {
        return json!(RELEASE);
    }
    let path = words.strip_prefix(".Values.").unwrap_or_else(|| panic!("{words} is not rendered here"));
    let found = path.split('.').fold(values, |value, name| &value[name]);
    assert!(!found.is_null(), "values.yaml has no {path}");
    found.clone()
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// One template; a line with a condition or its end is nothing but that.
fn render(template: &str, values: &Value) -> String {
    let (mut out, mut holds) = (String::new(), vec![true]);
    for line in template.lines() {
        if let Some(words) = line.trim().strip_prefix("{{- ").and_then(|rest| rest.strip_suffix(" }}")) {
            match words.split(' ').collect::<Vec<_>>().as_slice() {
                ["end"] => drop(holds.pop()),
                ["if", one] => holds.push(!shown(&value(one, values)).is_empty()),
                ["if", "eq", one, other] => {
                    holds.push(shown(&value(one, values)) == other.trim_matches('"'));
                }
                other => panic!("{other:?} is not rendered here"),
            }
            continue;
        }
        if holds.contains(&false) {
            continue;
        }
        let mut parts = line.split("{{ ");
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (words, rest) = part.split_once(" }}").unwrap_or_else(|| panic!("{line} has no end"));
            match words.split(" | ").collect::<Vec<_>>().as_slice() {
                [one] => out.push_str(&shown(&value(one, values))),
                [one, "quote"] => out.push_str(&json!(shown(&value(one, values))).to_string()),
                other => panic!("{other:?} is not rendered here"),
            }
            out.push_str(rest);
        }
        out.push('\n');
    }
    assert_eq!(holds, [true], "every condition ends");
    out
}

/// Every object of the chart.
fn objects(values: &Value, change: impl Fn(String) -> String) -> Vec<Value> {
    let rendered = FILES.map(|file| render(&change(text(&format!("templates/{file}"))), values));
    let documents = rendered.iter().flat_map(|text| text.split("\n---\n"));
    documents.filter_map(yaml).filter(|object| !object.is_null()).collect()
}

fn values(mode: &str) -> Value {
    let mut values = yaml(&text("values.yaml")).expect("it was there a moment ago");
    values["mode"] = json!(mode);
    values["kafka"]["figures"] = json!("figures");
    values["kafka"]["exchange"] = json!("mot-cua=/hoa-binh/mot-cua");
    values["kafka"]["secret"] = json!("nhip-kafka");
    values["access"]["oidcIssuer"] = json!("https://id.example.vn/realms/nhip");
    values
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn slips(objects: &[Value]) -> Vec<String> {
    let mut slips = Vec::new();
    let names: Vec<(String, String)> =
        objects.iter().map(|object| (shown(&object["kind"]), shown(&object["metadata"]["name"]))).collect();
    for set in of_kind(objects, "StatefulSet") {
        let (name, pod) = (shown(&set["metadata"]["name"]), &set["spec"]["template"]["spec"]);
        let container = &pod["containers"][0];
        let mut wrong = |is_wrong: bool, what: &str| {
            if is_wrong {
                slips.push(format!("{name}: {what}"));
            }
        };
        wrong(!is_pinned(&shown(&container["image"])), "the image is no version");
        wrong(pod["securityContext"]["runAsNonRoot"] != true, "it may run as root");
        wrong(container["securityContext"]["readOnlyRootFilesystem"] != true, "it may write anywhere");
        wrong(container["securityContext"]["capabilities"]["drop"] != json!(["ALL"]), "it may do too much");
        wrong(pod["terminationGracePeriodSeconds"].as_u64() < Some(120), "it has no time to end");
        wrong(container["resources"]["limits"]["memory"].is_null(), "its memory has no bound");
        wrong(container["readinessProbe"]["httpGet"]["path"] != "/readyz", "nobody knows when it is ready");
        wrong(container["livenessProbe"]["httpGet"]["path"] != "/livez", "one that restores is ended");
        let labels = &set["spec"]["template"]["metadata"]["labels"];
        wrong(*labels != set["spec"]["selector"]["matchLabels"], "it does not find its own");
        // Whatever is mounted is there.
        let claims = set["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten();
        let claims = claims.map(|claim| &claim["metadata"]["name"]);
        let volumes: Vec<&Value> =
            pod["volumes"].as_array().into_iter().flatten().map(|one| &one["name"]).chain(claims).collect();
        for mount in container["volumeMounts"].as_array().into_iter().flatten() {
            wrong(!volumes.contains(&&mount["name"]), &format!("there is no volume {}", mount["name"]));
        }
        for volume in pod["volumes"].as_array().into_iter().flatten() {
            let of = |kind: &str, path: [&str; 2]| {
                let name = volume[path[0]][path[1]].as_str()?;
                Some((kind.to_owned(), name.to_owned()))
            };
            let wanted = of("ConfigMap", ["configMap", "name"])
                .or_else(|| of("PersistentVolumeClaim", ["persistentVolumeClaim", "claimName"]));
            wrong(wanted.is_some_and(|wanted| !names.contains(&wanted)), "a volume is of nobody");
        }
        for variable in container["env"].as_array().into_iter().flatten() {
            let is_secret = ["PASSWORD", "SECRET"].iter().any(|word| shown(&variable["name"]).contains(word));
            wrong(is_secret, "a secret stands in its environment");
        }
        let service = ("Service".to_owned(), shown(&set["spec"]["serviceName"]));
        wrong(!names.contains(&service) && !name.ends_with("-publisher"), "it has no service");
    }
    slips
}

#[test]
fn the_chart_renders_pods_that_are_bound_down_and_find_what_they_mount() {
    if yaml("a: 1").is_none() {
        eprintln!("!!! NOT CHECKED: python3 has no module yaml (python3-yaml), so the chart was not read");
        return;
    }
    let same = |text: String| text;
    let alone = objects(&values("alone"), same);
    assert_eq!((of_kind(&alone, "StatefulSet").len(), slips(&alone)), (1, Vec::new()));
    let shared = objects(&values("shared"), same);
    assert_eq!((of_kind(&shared, "StatefulSet").len(), slips(&shared)), (3, Vec::new()), "{shared:?}");
    assert_eq!(of_kind(&shared, "NetworkPolicy").len(), 1);
    for (right, wrong) in [
        ("runAsNonRoot: true", "runAsNonRoot: false"),
        ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
        ("drop: [\"ALL\"]", "drop: []"),
        ("terminationGracePeriodSeconds: 300", "terminationGracePeriodSeconds: 30"),
        ("path: /readyz", "path: /livez"),
        ("- name: data\n              mountPath", "- name: dta\n              mountPath"),
        ("-settings\n", "-setings\n"),
        (":{{ .Values.image.tag }}", ""),
    ] {
        let slip = objects(&values("shared"), |text| {
            // The settings' own name stays, so that nobody finds them under the other.
            if text.starts_with("# What every") { text } else { text.replace(right, wrong) }
        });
        assert!(!slips(&slip).is_empty(), "{wrong:?} is seen");
    }
    let chart = yaml(&text("Chart.yaml")).expect("it was there a moment ago");
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("it is there");
    let version = manifest.split("\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
    assert_eq!(chart["appVersion"].as_str(), version, "the chart is of this release");
    assert_eq!(yaml(&text("values.yaml")).expect("YAML")["image"]["tag"].as_str(), version);
}

#[test]
fn every_command_line_of_the_chart_starts_the_program() {
    if yaml("a: 1").is_none() {
        eprintln!("!!! NOT CHECKED: python3 has no module yaml (python3-yaml), so the chart was not started");
        return;
    }
    for mode in ["alone", "shared"] {
        let mut values = values(mode);
        // Nobody is there, and nobody signs in.
        values["kafka"]["bootstrap"] = json!("127.0.0.1:1");
        values["kafka"]["secret"] = json!("");
        values["access"]["oidcIssuer"] = json!("");
        let objects = objects(&values, |text| text);
        let settings = shown(&of_kind(&objects, "ConfigMap")[0]["data"]["settings.toml"]);
        for set in of_kind(&objects, "StatefulSet") {
            let (name, container) =
                (shown(&set["metadata"]["name"]), &set["spec"]["template"]["spec"]["containers"][0]);
            let folder = Folder::new();
            let secret = folder.write("secret", "0123456789abcdef");
            let here = |text: &str| {
                text.replace("/etc/nhip/workers/secret", &secret)
                    .replace("/var/lib/nhip", &folder.path("state"))
            };
            let file = folder.write("settings.toml", here(&settings));
            let words: Vec<String> = container["args"].as_array().unwrap().iter().map(shown).collect();
            let place = words.iter().position(|word| word == "--listen").expect("it says where it listens");
            assert_eq!((words[0].as_str(), words[place + 1].as_str()), ("serve", "0.0.0.0:7660"), "{name}");
            // The test listens where nobody does.
            let words: Vec<String> = [&words[1..place], &words[place + 2..]].concat();
            let words: Vec<String> =
                words.iter().map(|word| here(word).replace("/etc/nhip/settings.toml", &file)).collect();
            let environment: Vec<(String, String)> = container["env"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|one| Some((shown(&one["name"]), one["value"].as_str()?.to_owned())))
                .map(|(variable, text)| {
                    (variable, text.replace("$(POD_IP)", "127.0.0.1").replace("$(POD_NAME)", &name))
                })
                .collect();
            let environment: Vec<(&str, &str)> =
                environment.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let server =
                Server::launch_in(&environment, &words).unwrap_or_else(|not| panic!("{name}: {not:?}"));
            let path = if mode == "alone" { "/readyz" } else { "/livez" };
            assert!(within(PATIENCE, || server.get(path).status == 200), "{name}: {}", server.stderr());
        }
    }
}
