//! The other ends, real ones on local ports: a mail server, an SMS gateway, and intake's answer to "where can this
//! customer be reached". Each can be told how to behave, and each remembers what it got.
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use contracts::{
    common::v1::Receipt,
    intake::v1::{
        answers_server::{Answers, AnswersServer},
        intake_server::{Intake, IntakeServer},
        *,
    },
};
use mailin::{Action, Handler, Response as Reply, SessionBuilder, response};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// A shared value.
pub type Shared<T> = Arc<Mutex<T>>;

const ANY: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// A port that nobody listens on until somebody binds it again.
pub async fn closed_port() -> SocketAddr {
    TcpListener::bind(ANY).await.unwrap().local_addr().unwrap()
}

/// A mail server.
pub struct Mail {
    pub address: SocketAddr,
    /// What it answers when a recipient is named; 250 takes it.
    pub answer: Shared<u16>,
    /// It takes mails, but the connection breaks before it has said so.
    pub loses_its_word: Shared<bool>,
    /// It does not answer QUIT.
    pub hangs_at_good_bye: Shared<bool>,
    /// Every mail it took, as it came.
    pub taken: Shared<Vec<Vec<u8>>>,
    _serving: JoinSet<()>,
}

impl Mail {
    pub async fn start(address: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind(address.unwrap_or(ANY.into())).await.unwrap();
        let (answer, taken) = (Arc::new(Mutex::new(250)), Shared::<Vec<Vec<u8>>>::default());
        let (loses_its_word, hangs_at_good_bye) = (Shared::<bool>::default(), Shared::<bool>::default());
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        let inbox = Inbox {
            answer: Arc::clone(&answer),
            loses_its_word: Arc::clone(&loses_its_word),
            hangs_at_good_bye: Arc::clone(&hangs_at_good_bye),
            taken: Arc::clone(&taken),
            bytes: Vec::new(),
        };
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(converse(stream, inbox.clone()));
            }
        });
        Self { address, answer, loses_its_word, hangs_at_good_bye, taken, _serving: serving }
    }

    /// What it took, decoded: (Message-ID, subject, text).
    pub fn letters(&self) -> Vec<(String, String, String)> {
        let of = |bytes: &Vec<u8>| {
            use mailparse::MailHeaderMap;
            let mail = mailparse::parse_mail(bytes).unwrap();
            let header = |name| mail.headers.get_first_value(name).unwrap_or_default();
            (header("Message-ID"), header("Subject"), mail.get_body().unwrap())
        };
        self.taken.lock().unwrap().iter().map(of).collect()
    }
}

#[derive(Clone)]
struct Inbox {
    answer: Shared<u16>,
    loses_its_word: Shared<bool>,
    hangs_at_good_bye: Shared<bool>,
    taken: Shared<Vec<Vec<u8>>>,
    bytes: Vec<u8>,
}

impl Handler for Inbox {
    fn rcpt(&mut self, to: &str) -> Reply {
        match *self.answer.lock().unwrap() {
            250 => response::OK,
            // As real servers do, the answer names the address: it must not end in a log or an event.
            code => Reply::custom(code, format!("<{to}> not now, not here")),
        }
    }

    fn data(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.bytes.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Reply {
        self.taken.lock().unwrap().push(std::mem::take(&mut self.bytes));
        if *self.loses_its_word.lock().unwrap() { response::NO_SERVICE } else { response::OK }
    }
}

async fn converse(stream: TcpStream, inbox: Inbox) {
    let peer = stream.peer_addr().unwrap().ip();
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let hangs = Arc::clone(&inbox.hangs_at_good_bye);
    let mut session = SessionBuilder::new("mail.test").build(peer, inbox);
    write.write_all(&session.greeting().buffer().unwrap()).await.unwrap();
    let mut line = Vec::new();
    while read.read_until(b'\n', &mut line).await.unwrap_or(0) > 0 {
        let reply = session.process(&line);
        line.clear();
        match reply.action {
            Action::NoReply => {}
            Action::Close if reply == response::NO_SERVICE => return,
            Action::Close if *hangs.lock().unwrap() => std::future::pending().await,
            Action::Reply | Action::UpgradeTls | Action::Close => {
                if write.write_all(&reply.buffer().unwrap()).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// An SMS gateway.
pub struct Gateway {
    pub url: String,
    /// The HTTP status it answers.
    pub answer: Shared<u16>,
    /// Every request it answered with 2xx: (Idempotency-Key, to, text).
    pub taken: Shared<Vec<(String, String, String)>>,
    _serving: JoinSet<()>,
}

impl Gateway {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(ANY).await.unwrap();
        let url = format!("http://{}/sms", listener.local_addr().unwrap());
        let (answer, taken) = (Arc::new(Mutex::new(202)), Shared::<Vec<_>>::default());
        let state = (Arc::clone(&answer), Arc::clone(&taken));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            axum::serve(listener, Router::new().route("/sms", post(take)).with_state(state)).await.unwrap();
        });
        Self { url, answer, taken, _serving: serving }
    }
}

type GatewayState = (Shared<u16>, Shared<Vec<(String, String, String)>>);

async fn take(
    State((answer, taken)): State<GatewayState>,
    headers: HeaderMap,
    body: axum::Json<serde_json::Value>,
) -> StatusCode {
    let status = StatusCode::from_u16(*answer.lock().unwrap()).unwrap();
    if status.is_success() {
        let key = headers["idempotency-key"].to_str().unwrap().to_owned();
        let field = |name: &str| body[name].as_str().unwrap().to_owned();
        taken.lock().unwrap().push((key, field("to"), field("text")));
    }
    status
}

/// Intake, as far as outreach knows it.
pub struct Contacts {
    pub url: String,
    /// What it answers.
    pub answer: Shared<Result<RevealContactResponse, Status>>,
    /// Every question: (actor, customer, purpose).
    pub asked: Shared<Vec<(String, String, String)>>,
    /// What it answers to who asks for the words of an answer.
    pub words: Shared<Result<RevealAnswerResponse, Status>>,
    /// What it answers to who asks for the link to the status page of a complaint's case.
    pub link: Shared<Result<GetStatusLinkResponse, Status>>,
    _serving: JoinSet<()>,
}

struct FakeAnswers(Shared<Result<RevealAnswerResponse, Status>>, Shared<Result<GetStatusLinkResponse, Status>>);

#[tonic::async_trait]
impl Answers for FakeAnswers {
    async fn answer_case(&self, _: Request<AnswerCaseRequest>) -> Result<Response<AnswerCaseResponse>, Status> {
        Err(Status::unimplemented("not asked by outreach"))
    }

    async fn reveal_answer(
        &self,
        request: Request<RevealAnswerRequest>,
    ) -> Result<Response<RevealAnswerResponse>, Status> {
        assert_eq!(request.metadata().get("aftercare-actor").unwrap(), "service:outreach");
        self.0.lock().unwrap().clone().map(Response::new)
    }

    async fn get_status_link(
        &self,
        request: Request<GetStatusLinkRequest>,
    ) -> Result<Response<GetStatusLinkResponse>, Status> {
        assert_eq!(request.metadata().get("aftercare-actor").unwrap(), "service:outreach");
        let one = request.get_ref();
        assert_eq!(one.customer_id, uuid::Uuid::from_u128(5).to_string(), "the customer who is written to");
        assert!(one.case_id.is_empty() != one.complaint_id.is_empty() && one.purpose.starts_with("message:"));
        let link = self.1.lock().unwrap().clone()?;
        Ok(Response::new(link))
    }

    async fn revoke_status_links(&self, _: Request<RevokeStatusLinksRequest>) -> Result<Response<Receipt>, Status> {
        Err(Status::unimplemented("not asked by outreach"))
    }
}

impl Contacts {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(ANY).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(Err(Status::unavailable("not told yet"))));
        let asked = Shared::<Vec<_>>::default();
        let intake = FakeIntake { answer: Arc::clone(&answer), asked: Arc::clone(&asked) };
        let words = Arc::new(Mutex::new(Err(Status::unavailable("not told yet"))));
        let link = Arc::new(Mutex::new(Err(Status::not_found("there is no case of this complaint"))));
        let answers = AnswersServer::new(FakeAnswers(Arc::clone(&words), Arc::clone(&link)));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let server =
                tonic::transport::Server::builder().add_service(IntakeServer::new(intake)).add_service(answers);
            server.serve_with_incoming(TcpListenerStream::new(listener)).await.unwrap();
        });
        Self { url, answer, asked, words, link, _serving: serving }
    }

    /// From now on every customer can be reached like this.
    pub fn are(&self, email: &str, phone: &str) {
        let contact = RevealContactResponse { name: "李雷".into(), phone: phone.into(), email: email.into() };
        *self.answer.lock().unwrap() = Ok(contact);
    }
}

struct FakeIntake {
    answer: Shared<Result<RevealContactResponse, Status>>,
    asked: Shared<Vec<(String, String, String)>>,
}

#[tonic::async_trait]
impl Intake for FakeIntake {
    async fn reveal_contact(
        &self,
        request: Request<RevealContactRequest>,
    ) -> Result<Response<RevealContactResponse>, Status> {
        let actor = request.metadata().get("aftercare-actor").unwrap().to_str().unwrap().to_owned();
        let question = request.into_inner();
        self.asked.lock().unwrap().push((actor, question.customer_id, question.purpose));
        self.answer.lock().unwrap().clone().map(Response::new)
    }

    async fn reveal_case(&self, _: Request<RevealCaseRequest>) -> Result<Response<RevealCaseResponse>, Status> {
        Err(Status::unimplemented("not asked by outreach"))
    }

    async fn get_case(&self, _: Request<GetCaseRequest>) -> Result<Response<GetCaseResponse>, Status> {
        Err(Status::unimplemented("not asked by outreach"))
    }

    async fn list_queue(&self, _: Request<ListQueueRequest>) -> Result<Response<ListQueueResponse>, Status> {
        Err(Status::unimplemented("not asked by outreach"))
    }

    async fn respond_to_case(&self, _: Request<RespondToCaseRequest>) -> Result<Response<Receipt>, Status> {
        Err(Status::unimplemented("not asked by outreach"))
    }

    async fn add_to_case(&self, _: Request<AddToCaseRequest>) -> Result<Response<Receipt>, Status> {
        Err(Status::unimplemented("not asked by outreach"))
    }

    async fn close_case(&self, _: Request<CloseCaseRequest>) -> Result<Response<Receipt>, Status> {
        Err(Status::unimplemented("not asked by outreach"))
    }

    async fn get_overview(&self, _: Request<GetOverviewRequest>) -> Result<Response<GetOverviewResponse>, Status> {
        Err(Status::unimplemented("not asked by outreach"))
    }
}
