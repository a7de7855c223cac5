//! Breaks every ban of `.clippy.toml` once. Nothing here is ever called: each function expects to be flagged, so a ban
//! that stops working (a path that moved, a crate that is no longer there) fails `cargo clippy -- -D warnings`.
#![expect(dead_code, reason = "written for clippy alone")]

use std::{
    env,
    ffi::OsString,
    time::{Duration, SystemTime},
};

use async_nats::{
    Client, HeaderMap, Request, client,
    jetstream::{
        Context, context,
        message::{OutboundMessage as JetMessage, PublishMessage},
    },
    message::OutboundMessage,
};
use tokio::runtime::Handle;

/// `jiff::Timestamp::now`
#[expect(clippy::disallowed_methods, reason = "canary")]
fn timestamp() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// `jiff::Zoned::now`
#[expect(clippy::disallowed_methods, reason = "canary")]
fn zoned() -> jiff::Zoned {
    jiff::Zoned::now()
}

/// `std::time::SystemTime::now`
#[expect(clippy::disallowed_methods, reason = "canary")]
fn system_time() -> SystemTime {
    SystemTime::now()
}

/// `std::env::var`
#[expect(clippy::disallowed_methods, reason = "canary")]
fn variable() -> Option<String> {
    env::var("HOME").ok()
}

/// `std::env::var_os`
#[expect(clippy::disallowed_methods, reason = "canary")]
fn variable_os() -> Option<OsString> {
    env::var_os("HOME")
}

/// `std::env::vars`
#[expect(clippy::disallowed_methods, reason = "canary")]
fn variables() -> env::Vars {
    env::vars()
}

/// `std::env::vars_os`
#[expect(clippy::disallowed_methods, reason = "canary")]
fn variables_os() -> env::VarsOs {
    env::vars_os()
}

/// `tokio::spawn`
#[expect(clippy::disallowed_methods, reason = "canary")]
fn spawn() {
    drop(tokio::spawn(async {}));
}

/// `tokio::runtime::Handle::spawn`
#[expect(clippy::disallowed_methods, reason = "canary")]
fn handle_spawn(runtime: &Handle) {
    drop(runtime.spawn(async {}));
}

/// `std::thread::sleep`
#[expect(clippy::disallowed_methods, reason = "canary")]
fn sleep() {
    std::thread::sleep(Duration::ZERO);
}

/// `reqwest::Client::builder`
#[expect(clippy::disallowed_methods, reason = "canary")]
fn client_builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
}

/// `reqwest::Client::new`
#[expect(clippy::disallowed_methods, reason = "canary")]
fn client() -> reqwest::Client {
    reqwest::Client::new()
}

/// `reqwest::get`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn get() {
    drop(reqwest::get("http://127.0.0.1").await);
}

/// `async_nats::Client::publish`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn publish(nats: &Client) {
    drop(nats.publish("a", "b".into()).await);
}

/// `async_nats::Client::publish_with_headers`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn publish_with_headers(nats: &Client) {
    drop(nats.publish_with_headers("a", HeaderMap::new(), "b".into()).await);
}

/// `async_nats::Client::publish_with_reply`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn publish_with_reply(nats: &Client) {
    drop(nats.publish_with_reply("a", "r", "b".into()).await);
}

/// `async_nats::Client::publish_with_reply_and_headers`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn publish_with_reply_and_headers(nats: &Client) {
    drop(nats.publish_with_reply_and_headers("a", "r", HeaderMap::new(), "b".into()).await);
}

/// `async_nats::Client::request`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn request(nats: &Client) {
    drop(nats.request("a", "b".into()).await);
}

/// `async_nats::Client::request_with_headers`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn request_with_headers(nats: &Client) {
    drop(nats.request_with_headers("a", HeaderMap::new(), "b".into()).await);
}

/// `async_nats::Client::send_request`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn send_request(nats: &Client) {
    drop(nats.send_request("a", Request::new()).await);
}

/// `async_nats::client::traits::Publisher::publish_message`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn any_publish_message(nats: &Client, message: OutboundMessage) {
    drop(client::traits::Publisher::publish_message(nats, message).await);
}

/// `async_nats::client::traits::Publisher::publish_with_reply`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn any_publish_with_reply(nats: &Client) {
    drop(client::traits::Publisher::publish_with_reply(nats, "a", "r", "b".into()).await);
}

/// `async_nats::client::traits::Requester::send_request`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn any_send_request(nats: &Client) {
    drop(client::traits::Requester::send_request(nats, "a", Request::new()).await);
}

/// `async_nats::jetstream::Context::publish`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn jetstream_publish(nats: &Context) {
    drop(nats.publish("a", "b".into()).await);
}

/// `async_nats::jetstream::Context::publish_with_headers`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn jetstream_publish_with_headers(nats: &Context) {
    drop(nats.publish_with_headers("a", HeaderMap::new(), "b".into()).await);
}

/// `async_nats::jetstream::Context::send_publish`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn jetstream_send_publish(nats: &Context) {
    drop(nats.send_publish("a", PublishMessage::build()).await);
}

/// `async_nats::jetstream::Context::send_request`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn jetstream_send_request(nats: &Context) {
    drop(nats.send_request("a", Request::new()).await);
}

/// `async_nats::jetstream::context::traits::Publisher::publish`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn any_jetstream_publish(nats: &Context) {
    drop(context::traits::Publisher::publish(nats, "a", "b".into()).await);
}

/// `async_nats::jetstream::context::traits::Publisher::publish_message`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn any_jetstream_publish_message(nats: &Context, message: JetMessage) {
    drop(context::traits::Publisher::publish_message(nats, message).await);
}

/// `async_nats::jetstream::context::traits::RequestSender::send_request`
#[expect(clippy::disallowed_methods, reason = "canary")]
async fn any_jetstream_send_request(nats: &Context) {
    drop(context::traits::RequestSender::send_request(nats, "a", Request::new()).await);
}
