//! What is reached over TLS, from real servers on this machine with certificates of their own; and what is refused.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::time::Duration;

use backbone::{Outside, outside::address};
use testkit::{Authority, Receiver, free_port};

async fn get(outside: &Outside, url: &str) -> Result<u16, reqwest::Error> {
    let client = outside.client(Duration::from_secs(10)).unwrap();
    client.get(url).send().await.map(|answer| answer.status().as_u16())
}

/// The first cause.
fn cause(error: &reqwest::Error) -> String {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source()).last().unwrap().to_string()
}

#[tokio::test]
async fn r_sec_01_a_server_is_reached_over_tls_by_who_trusts_its_authority_and_by_nobody_else() {
    let (authority, behind) = (Authority::new(), Receiver::open().await);
    let server = authority.before("127.0.0.1", &behind.url).await;
    let trusting = Outside::new(Some(authority.file())).unwrap();
    assert_eq!(get(&trusting, &server.url).await.unwrap(), 405, "its own word: events are posted there");
    assert_eq!(get(&trusting, &behind.url).await.unwrap(), 405, "plain HTTP goes on");
    assert_eq!(server.let_in(), 1);

    // It bears the same name.
    let strangers = Authority::new();
    for outside in [Outside::new(None), Outside::new(Some(strangers.file()))] {
        let refused = get(&outside.unwrap(), &server.url).await.unwrap_err();
        assert!(refused.is_connect() && cause(&refused).contains("invalid peer certificate"), "{refused:?}");
    }
    let other = authority.before("provider.example", &behind.url).await;
    let refused = get(&trusting, &other.url).await.unwrap_err();
    assert!(refused.is_connect() && cause(&refused).contains("not valid for name"), "{refused:?}");
    assert_eq!((server.let_in(), other.let_in()), (1, 0), "nothing was sent to a server that was not trusted");
}

#[tokio::test]
async fn a_server_without_tls_is_told_nothing_over_https() {
    let behind = Receiver::open().await;
    let refused = get(&Outside::new(None).unwrap(), &behind.url.replace("http://", "https://")).await.unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");
    let nobody = get(&Outside::new(None).unwrap(), &format!("https://127.0.0.1:{}", free_port())).await.unwrap_err();
    assert!(nobody.is_connect(), "{nobody:?}");
}

#[test]
fn a_file_of_authorities_that_is_none_is_refused_by_the_name_of_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let said = || format!("{:#}", Outside::new(Some(&file)).unwrap_err());
    assert!(said().contains("outside.ca_file") && said().contains("cannot read"), "{}", said());
    for (text, named) in [
        ("", "no certificate in PEM"),
        ("words", "no certificate in PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "what is no certificate"),
        ("-----BEGIN CERTIFICATE-----\n%%\n-----END CERTIFICATE-----\n", "cannot read"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n", "cannot read"),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = said();
        assert!(
            said.contains("outside.ca_file") && said.contains("ca.pem") && said.contains(named),
            "{text:?}: {said}"
        );
    }
    let authority = Authority::new();
    let both = [authority.file(), Authority::new().file()].map(|file| std::fs::read_to_string(file).unwrap()).concat();
    std::fs::write(&file, both).unwrap();
    assert_eq!(Outside::new(Some(&file)).unwrap().authorities().count(), 2, "several stand in one file");
}

#[test]
fn an_address_is_one_of_http_with_a_host() {
    for good in ["https://pay.example/v1", "http://127.0.0.1:7190", "HTTPS://pay.example"] {
        assert!(address(good).is_ok(), "{good}");
    }
    for wrong in ["", "pay.example", "ftp://pay.example", "https://", "https:", "smtp://pay.example", "file:///etc"] {
        let said = address(wrong).unwrap_err().to_string();
        assert!(said.contains("https://"), "{wrong}: {said}");
    }
    let secret = address("ftp://user:hunter2@pay.example").unwrap_err();
    assert!(!format!("{secret:?}").contains("hunter2"));
}
