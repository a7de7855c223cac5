//! A mail server that does not hand all mails out as it should; a stand-in, for Dovecot does.
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// Starts one and gives its port. Of its mails the first cannot be parsed, the second has no body, the third is `mail`.
pub async fn start(mail: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    #[expect(clippy::disallowed_methods, reason = "the stand-in ends with the test's runtime")]
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(async move { serve(connection, mail).await });
        }
    });
    port
}

async fn serve(connection: TcpStream, mail: &str) {
    let (read, mut write) = connection.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"* OK ready\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        let (tag, command) = line.split_once(' ').unwrap();
        let said = match command.to_uppercase().as_str() {
            said if said.starts_with("SELECT") => {
                "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 4] ok\r\n".to_owned()
            }
            said if said.starts_with("UID SEARCH") => "* SEARCH 1 2 3\r\n".to_owned(),
            said if said.starts_with("UID FETCH 1 ") => "* 1 FETCH (UID 1 RFC822.SIZE many)\r\n".to_owned(),
            said if said.contains("RFC822.SIZE") => {
                let uid = said.split(' ').nth(2).unwrap().to_owned();
                format!("* {uid} FETCH (UID {uid} RFC822.SIZE {})\r\n", mail.len())
            }
            said if said.starts_with("UID FETCH 2 ") => "* 2 FETCH (UID 2 FLAGS ())\r\n".to_owned(),
            said if said.starts_with("UID FETCH 3 ") => {
                format!("* 3 FETCH (UID 3 BODY[] {{{}}}\r\n{mail})\r\n", mail.len())
            }
            _ => String::new(),
        };
        if write.write_all(format!("{said}{tag} OK done\r\n").as_bytes()).await.is_err() {
            return;
        }
    }
}
