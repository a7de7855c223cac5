//! The page as a browser gets it, from a running console: with nobody there, with somebody who never answers, and with
//! a real service.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use testkit::Stack;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Status line and headers, and the body, of `GET path`.
async fn get(stack: &Stack, path: &str) -> (String, String) {
    let address = stack.base_url("console").replace("http://", "");
    let mut connection = TcpStream::connect(&address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

#[tokio::test]
async fn the_page_comes_in_time_whoever_is_away() {
    // takes connections and never says a word
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_at = format!("http://{}", silent.local_addr().unwrap());
    let stack = Stack::start_with(&[&console::SERVICE], |_, settings| {
        settings.neighbours.insert("intake".into(), silent_at.clone());
        settings.neighbours.insert("complaint".into(), "http://127.0.0.1:1".into());
    })
    .await;
    let began = Instant::now();
    let (head, page) = get(&stack, "/").await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert!(head.starts_with("http/1.1 200"), "{head}");
    for (service, why) in
        [("intake", "no answer within 2 s"), ("complaint", "away"), ("outreach", "no address is configured")]
    {
        let row = format!("<th scope=\"row\">{service}</th>\n<td class=\"bad\" colspan=\"6\">{why}</td>");
        assert!(page.contains(&row), "{row} is missing in\n{page}");
    }
    assert!(page.trim_end().ends_with("</html>"));
}

#[tokio::test]
async fn the_page_runs_no_script_and_loads_nothing_from_elsewhere() {
    let stack = Stack::start(&[&console::SERVICE]).await;
    let (head, page) = get(&stack, "/").await;
    for header in ["content-type: text/html", "content-security-policy: default-src 'none'", "cache-control: no-store"]
    {
        assert!(head.contains(header), "{header} is missing in\n{head}");
    }
    assert!(page.contains("http-equiv=\"refresh\""));
    let (_, still) = get(&stack, "/?refresh=off").await;
    assert!(!still.contains("http-equiv=\"refresh\""));
}

#[tokio::test]
async fn a_real_service_is_asked_and_shown() {
    let stack = Stack::start(&[&console::SERVICE, &analytics::SERVICE]).await;
    stack.settle().await;
    let (_, page) = get(&stack, "/").await;
    let up = "<th scope=\"row\">analytics</th>\n<td>up</td>";
    for words in [up, "COMPLAINT 0", "follow-up coverage (gross)", "no data", "As of 2026-03-02 08:00:00 UTC"] {
        assert!(page.contains(words), "{words} is missing in\n{page}");
    }
}
