//! Settings come from defaults, a file and the environment, in this order; what is unknown is refused by name, and what
//! is secret does not print.
use std::collections::HashMap;

use secrecy::ExposeSecret;

use super::*;

fn read(environment: &[(&str, &str)]) -> anyhow::Result<Settings> {
    let variables = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let variables = config::Environment::with_prefix("AFTERCARE").source(Some(variables.collect::<HashMap<_, _>>()));
    Settings::read("[service]\nname = \"from the defaults\"\n", None, variables)
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Own {
    name: String,
    token: Option<String>,
    #[serde(default)]
    tries: u32,
    #[serde(default)]
    share: f64,
    #[serde(default)]
    on: bool,
    #[serde(default)]
    by_name: BTreeMap<String, u16>,
}

#[test]
fn the_defaults_are_complete_and_large_batches_are_atomic() {
    let settings = Settings::load("", None).unwrap();
    assert!(settings.nats.batch_from > 1 && !settings.nats.provision);
    assert_eq!(settings.nats.space, "aftercare");
}

#[test]
fn the_file_beats_the_defaults_and_the_environment_beats_the_file() {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::io::Write::write_all(
        &mut file,
        b"[road]\nworkers = 7\nwaiting_max = 70\n[service]\nname = \"from the file\"\n",
    )
    .unwrap();
    let variables = HashMap::from([("AFTERCARE__ROAD__WORKERS".to_owned(), "9".to_owned())]);
    let environment = config::Environment::with_prefix("AFTERCARE").source(Some(variables));
    let settings = Settings::read("[service]\nname = \"x\"\n", Some(file.path()), environment).unwrap();
    assert_eq!((settings.road.workers, settings.road.waiting_max), (9, 70));
    assert_eq!(settings.service::<Own>().unwrap().name, "from the file");
}

#[test]
fn unknown_keys_are_refused_by_name() {
    for (key, named) in [
        ("AFTERCARE__LISTN", "listn"),
        ("AFTERCARE__NATS__SPACES", "spaces"),
        ("AFTERCARE__DATABASE__URI", "uri"),
        ("AFTERCARE__ROAD__LANES", "lanes"),
        ("AFTERCARE__CLOCK__SPEED", "speed"),
        ("AFTERCARE__OUTSIDE__CA", "ca"),
        ("AFTERCARE__TELEMETRY__LEVEL", "level"),
    ] {
        let error = format!("{:#}", read(&[(key, "1")]).unwrap_err());
        assert!(error.contains(&format!("`{named}`")), "{key}: {error}");
    }
    let settings = read(&[("AFTERCARE__SERVICE__TOKN", "1")]).unwrap();
    let error = settings.service::<Own>().unwrap_err().to_string();
    assert!(error.contains("[service]") && error.contains("`tokn`"), "{error}");
    read(&[("AFTERCARE_UPDATE", "1"), ("PATH", "/bin")]).unwrap();
}

#[test]
fn what_is_wrong_is_named() {
    let error = format!("{:#}", read(&[("AFTERCARE__ROAD__WORKERS", "many")]).unwrap_err());
    assert!(error.contains("many") && error.contains("workers"), "{error}");
    let settings = read(&[("AFTERCARE__SERVICE__TRIES", "-1")]).unwrap();
    let error = settings.service::<Own>().unwrap_err().to_string();
    assert!(error.contains("tries"), "{error}");
}

#[test]
fn a_text_that_looks_like_a_number_stays_the_text_it_is() {
    for token in ["123", "0042", "1e3", "true", "0707070707070707070707070707070707070707070707070707070707070707"] {
        let settings = read(&[("AFTERCARE__SERVICE__TOKEN", token), ("AFTERCARE__NATS__SPACE", token)]).unwrap();
        assert_eq!(settings.service::<Own>().unwrap().token.as_deref(), Some(token));
        assert_eq!(settings.nats.space, token);
    }
}

#[test]
fn texts_of_the_environment_are_numbers_where_numbers_are_wanted() {
    let settings = read(&[
        ("AFTERCARE__SERVICE__TRIES", "5"),
        ("AFTERCARE__SERVICE__SHARE", "0.25"),
        ("AFTERCARE__SERVICE__ON", "true"),
        ("AFTERCARE__SERVICE__BY_NAME__ANA", "3"),
        ("AFTERCARE__DATABASE__CONNECTIONS_MAX", "3"),
        ("AFTERCARE__NATS__BATCH_FROM", "0"),
    ])
    .unwrap();
    let own = settings.service::<Own>().unwrap();
    assert_eq!((own.tries, own.share, own.on, own.by_name["ana"]), (5, 0.25, true, 3));
    assert_eq!((settings.database.connections_max, settings.nats.batch_from), (3, 0));
}

#[test]
fn a_service_without_a_section_gets_an_empty_one() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    Settings::load("", None).unwrap().service::<Nothing>().unwrap();
}

#[test]
fn secrets_do_not_print() {
    let secret = "postgres://ana:hunter2@127.0.0.1/x";
    let settings = read(&[("AFTERCARE__DATABASE__URL", secret)]).unwrap();
    assert_eq!(settings.database.url.expose_secret(), secret);
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn a_document_is_the_shipped_one_unless_a_file_is_named() {
    let shipped: toml::Table = document(None, "a = 1").unwrap();
    assert_eq!(shipped["a"].as_integer(), Some(1));
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.toml");
    std::fs::write(&own, "a = 2").unwrap();
    assert_eq!(document::<toml::Table>(Some(&own), "a = 1").unwrap()["a"].as_integer(), Some(2));
    std::fs::write(&own, "a = \n").unwrap();
    let wrong = format!("{:#}", document::<toml::Table>(Some(&own), "a = 1").unwrap_err());
    assert!(wrong.contains("own.toml") && wrong.contains("line 1"), "{wrong}");
    let away = format!("{:#}", document::<toml::Table>(Some(&folder.path().join("no")), "").unwrap_err());
    assert!(away.contains("cannot read"), "{away}");
}
