//! What a process refuses to begin, and what needs nobody.
use super::*;
use crate::Parts;

static NOTHING: Service = Service {
    name: "nothing",
    defaults: "",
    migrations: None,
    aggregates: |_| {},
    inbound: |_, _| Ok(()),
    assemble: |_| Ok(Parts::new()),
};

fn settings() -> Settings {
    let mut settings = Settings::load("", None).unwrap();
    // Where nobody listens.
    settings.nats.url = "nats://127.0.0.1:1".into();
    settings.database.url = "postgres://127.0.0.1:1/nothing".into();
    settings
}

#[test]
fn arguments_it_does_not_know_are_named() {
    for (arguments, words) in
        [(vec!["fly"], "unknown argument fly"), (vec!["serve", "--config"], "--config needs a file")]
    {
        let arguments: Vec<String> = arguments.into_iter().map(String::from).collect();
        let error = begin(&NOTHING, &arguments).unwrap_err().to_string();
        assert!(error.starts_with(words), "{error}");
    }
}

#[tokio::test]
async fn a_service_that_owns_nothing_is_provisioned_without_anybody() {
    tokio::time::timeout(Duration::from_secs(5), provision(&NOTHING, &settings())).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_driven_clock_is_for_local_stacks_only() {
    let mut settings = settings();
    settings.clock.driven = Some("/tmp/now".into());
    let error = serve(&NOTHING, settings).await.unwrap_err().to_string();
    assert!(error.starts_with("a driven clock is for local stacks only"), "{error}");
}
