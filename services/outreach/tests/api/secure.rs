//! A mail server and a gateway that are reached over TLS only, with certificates of an authority of the chain's own.
use backbone::Settings;
use testkit::{Authority, Edge};

use super::{Gateway, Mail, is, world_of};

/// The servers behind their doors, and settings that name the doors.
async fn behind_tls(authority: &Authority, servers: &(Mail, Gateway)) -> (Edge, Edge, impl Fn(&mut Settings) + use<>) {
    let mail = authority.before("127.0.0.1", &servers.0.address.to_string()).await;
    let gateway = authority.before("127.0.0.1", &servers.1.url).await;
    let (smtp, sms) = (format!("smtps://{}", mail.address), gateway.url.clone());
    let named = move |settings: &mut Settings| {
        settings.service["smtp_url"] = smtp.clone().into();
        settings.service["sms_url"] = sms.clone().into();
    };
    (mail, gateway, named)
}

#[tokio::test]
async fn r_sec_01_mails_and_short_messages_go_out_over_tls() {
    let (authority, servers) = (Authority::new(), (Mail::start(None).await, Gateway::start().await));
    let (mail, gateway, named) = behind_tls(&authority, &servers).await;
    let file = authority.file().to_path_buf();
    let world = world_of(servers, move |settings| {
        named(settings);
        settings.outside.ca_file = Some(file.clone());
    })
    .await;
    is(&world.offered().await, "sent", "", 1);
    world.contacts.are("", "+86 138 0000 0000");
    is(&world.offered().await, "sent", "", 1);
    assert_eq!((world.mail.letters().len(), world.gateway.taken.lock().unwrap().len()), (1, 1));
    assert_eq!((mail.let_in(), gateway.let_in()), (1, 1), "both through their doors");
}

#[tokio::test]
async fn r_sec_01_servers_nobody_here_trusts_are_told_nothing_and_tried_again() {
    let (authority, servers) = (Authority::new(), (Mail::start(None).await, Gateway::start().await));
    let (mail, gateway, named) = behind_tls(&authority, &servers).await;
    let world = world_of(servers, named).await;
    is(&world.offered().await, "queued", "smtp_unreachable", 1);
    world.contacts.are("", "+86 138 0000 0000");
    is(&world.offered().await, "queued", "sms_unreachable", 1);
    assert_eq!((mail.let_in(), gateway.let_in()), (0, 0));
}
