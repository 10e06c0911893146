//! A client of the REST API that is small enough to send what no honest client sends.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// No request of a test may wait longer; a submit waits for its commit up to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(60);
/// An answer that is longer is an error of the test.
const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A caller of one node over plain HTTP/1.1, each request on a connection of its own.
#[derive(Clone, Debug)]
pub struct Http {
    /// `host:port` of the node.
    pub address: String,
    /// Sent with each request, as they are.
    pub headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body, without its chunks.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as JSON; `null` if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text, for people.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of a problem; empty if the answer is none.
    pub fn code(&self) -> String {
        let is_problem = self.header("content-type") == Some("application/problem+json");
        let problem = self.json();
        let code = problem.get("code").and_then(Value::as_str);
        let code = code.unwrap_or_default().to_owned();
        if is_problem { code } else { String::new() }
    }
}

impl Http {
    /// A caller without credentials.
    pub fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            headers: Vec::new(),
        }
    }

    /// The same caller with one more header in each request.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut http = self.clone();
        http.headers.push((name.to_owned(), value.to_owned()));
        http
    }

    /// The same caller with a token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        self.with("Authorization", &format!("Bearer {token}"))
    }

    /// GET.
    ///
    /// # Errors
    /// No answer, or none that is HTTP.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, b"")
    }

    /// POST of JSON.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.post_text(path, &body.to_string())
    }

    /// POST of what is said to be JSON.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub fn post_text(&self, path: &str, body: &str) -> Result<Answer> {
        self.with("Content-Type", "application/json")
            .send("POST", path, body.as_bytes())
    }

    /// POST of bytes.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub fn post_bytes(&self, path: &str, body: &[u8]) -> Result<Answer> {
        self.with("Content-Type", "application/octet-stream")
            .send("POST", path, body)
    }

    /// A request with this body, of any type.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub fn send(&self, method: &str, path: &str, body: &[u8]) -> Result<Answer> {
        let length = body.len().to_string();
        let mut http = self.clone();
        if method != "GET" {
            http = http.with("Content-Length", &length);
        }
        let mut stream = http.open(method, path)?;
        // A node may refuse before it has read everything: then its answer counts, not the broken pipe.
        let _ = stream.write_all(body);
        read_answer(stream)
    }

    /// The beginning of a request, sent: its head and nothing else. What follows is the caller's.
    ///
    /// # Errors
    /// The node cannot be reached.
    pub fn open(&self, method: &str, path: &str) -> Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.address)
            .with_context(|| format!("cannot reach {}", self.address))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        let port = self.address.rsplit_once(':').map_or("", |(_, port)| port);
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n");
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let _ = stream.write_all(head.as_bytes());
        Ok(stream)
    }

    /// A stream of events, after `last` if that is given.
    ///
    /// # Errors
    /// The node answers with something else; the error holds it.
    pub fn events(&self, path: &str, last: Option<&str>) -> Result<Events> {
        let mut http = self.with("Accept", "text/event-stream");
        if let Some(last) = last {
            http = http.with("Last-Event-ID", last);
        }
        let mut reader = BufReader::new(http.open("GET", path)?);
        let (status, headers) = read_head(&mut reader)?;
        let content_type = find(&headers, "content-type").unwrap_or_default();
        if status != 200 || !content_type.starts_with("text/event-stream") {
            let body = read_body(reader, &headers)?;
            bail!("{status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(Events {
            lines: BufReader::new(Chunks { reader, left: 0 }),
            last: last.unwrap_or_default().to_owned(),
        })
    }
}

/// A stream of server-sent events.
pub struct Events {
    lines: BufReader<Chunks<BufReader<TcpStream>>>,
    last: String,
}

/// One event of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its position.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// What it tells.
    pub data: Value,
}

impl Events {
    /// The position to go on from: the last id that came, with an event or without.
    pub fn last(&self) -> &str {
        &self.last
    }

    /// The next event; `None` when the node ends the stream. Comments are passed over.
    ///
    /// # Errors
    /// Nothing came for a minute, the connection broke, or what came is no event.
    pub fn next_event(&mut self) -> Result<Option<Event>> {
        let (mut kind, mut data) = (String::new(), String::new());
        let mut line = String::new();
        loop {
            line.clear();
            if self.lines.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let text = line.trim_end_matches(['\r', '\n']);
            match text
                .split_once(':')
                .map(|(name, rest)| (name, rest.trim_start()))
            {
                None if text.is_empty() && !data.is_empty() => {
                    let data = serde_json::from_str(&data).with_context(|| data.clone())?;
                    let id = self.last.clone();
                    return Ok(Some(Event { id, kind, data }));
                }
                Some(("id", rest)) => rest.clone_into(&mut self.last),
                Some(("event", rest)) => rest.clone_into(&mut kind),
                Some(("data", rest)) => data.push_str(rest),
                _ => {}
            }
        }
    }
}

/// What is in the chunks of a body.
struct Chunks<R> {
    reader: R,
    left: u64,
}

impl<R: BufRead> Read for Chunks<R> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        while self.left == 0 {
            let mut line = String::new();
            if self.reader.read_line(&mut line)? == 0 {
                return Ok(0);
            }
            // The end of the chunk before.
            let size = line.trim();
            if size.is_empty() {
                continue;
            }
            self.left = u64::from_str_radix(size, 16).map_err(std::io::Error::other)?;
            if self.left == 0 {
                return Ok(0);
            }
        }
        let read = (&mut self.reader).take(self.left).read(to)?;
        self.left -= u64::try_from(read).unwrap_or(self.left);
        Ok(read)
    }
}

/// Reads an answer to its end.
///
/// # Errors
/// None came within a minute, or it is not HTTP.
pub fn read_answer(stream: TcpStream) -> Result<Answer> {
    let mut reader = BufReader::new(stream);
    let (status, headers) = read_head(&mut reader)?;
    let body = read_body(reader, &headers)?;
    Ok(Answer {
        status,
        headers,
        body,
    })
}

fn read_head(reader: &mut impl BufRead) -> Result<(u16, Vec<(String, String)>)> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .with_context(|| format!("no HTTP answer: {line:?}"))?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            None => return Ok((status, headers)),
        }
    }
}

fn read_body(mut reader: impl BufRead, headers: &[(String, String)]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    if find(headers, "transfer-encoding") == Some("chunked") {
        Chunks { reader, left: 0 }
            .take(BODY_BYTES_MAX)
            .read_to_end(&mut body)?;
    } else if let Some(length) = find(headers, "content-length") {
        body = vec![0; length.parse()?];
        reader.read_exact(&mut body)?;
    } else {
        reader.take(BODY_BYTES_MAX).read_to_end(&mut body)?;
    }
    Ok(body)
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.as_str())
}
