//! Servers that are part of the tests: each has a trait that makes a recording hard to repeat.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::net::sockopt::set_socket_linger;

use super::{answer_lines, recorded, serve, take, tcp, with_client};
use crate::project::Project;

/// Nanoseconds that are never the same twice.
fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()
}

#[test]
fn a_counter_and_a_token_that_is_said_again() {
    let count = Arc::new(AtomicU32::new(98));
    let server = serve(move |stream, _| {
        let token = format!("{:016x}", now() * 7919);
        answer_lines(stream, |line| match line.split_once(' ') {
            Some(("LOGIN", user)) => format!("+OK {user} token={token}\r\n"),
            Some(("AUTH", said)) if said == token => format!("+OK {said} is right\r\n"),
            Some(("COUNT", _)) => format!(":{}\r\n", count.fetch_add(1, Ordering::Relaxed)),
            _ => "-ERR what?\r\n".to_owned(),
        })
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {send: \"LOGIN anna\\r\\n\"}
client: {recv: [\"+OK anna token=\", {until: \"\\r\\n\", match: '(?<token>.*)'}]}
client: {send: \"AUTH ${token}\\r\\n\"}
client: {recv: [\"+OK \", {until: \"\\r\\n\"}]}
client: {send: \"COUNT it\\r\\n\"}
client: {recv: [\":\", {until: \"\\r\\n\"}]}
client: {shutdown: write}
client: {expect: eof}
client: close",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]));
}

#[test]
fn a_length_before_an_answer_with_a_clock_in_it() {
    let server = serve(|mut stream, number| {
        loop {
            let len = take(&mut stream, 4)?;
            let len = u32::from_be_bytes(len.try_into().unwrap()) as usize;
            let said = take(&mut stream, len)?;
            let mut answer = ((now() / 1_000_000_000) as u32).to_be_bytes().to_vec();
            answer.extend(&said);
            answer.extend(vec![0xee; number % 3]);
            stream.write_all(&(answer.len() as u32).to_be_bytes())?;
            stream.write_all(&answer)?;
        }
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {send: {size: u32, of: \"hello, you\"}}
client: {recv: {size: u32, of: {rest: true}}}
client: close",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]));
}

#[test]
fn segments_that_are_split_anywhere() {
    let server = serve(|mut stream, number| {
        take(&mut stream, 2)?;
        stream.set_nodelay(true)?;
        for piece in b"220 one\r\n220 two\r\n".chunks(1 + number % 5) {
            stream.write_all(piece)?;
        }
        Ok(())
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {send: \"go\"}
client: {recv: \"220 one\\r\\n220 two\\r\\n\"}
client: {expect: eof}
client: close",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]));
}

#[test]
fn a_half_close_is_answered() {
    let server = serve(|mut stream, _| {
        let mut all = Vec::new();
        stream.read_to_end(&mut all)?;
        stream.write_all(format!("{} bytes\n", all.len()).as_bytes())
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {send: \"abc\"}
client: {shutdown: write}
client: {recv: \"3 bytes\\n\"}
client: {expect: eof}
client: close",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]));
}

#[test]
fn a_server_that_resets() {
    let server = serve(|mut stream, _| {
        take(&mut stream, 5)?;
        stream.write_all(b"bye\n")?;
        set_socket_linger(&stream, Some(std::time::Duration::ZERO)).map_err(Into::into)
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {send: \"hello\"}
client: {recv: \"bye\\n\"}
client: {expect: reset}",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]));
}

#[test]
fn a_client_that_resets_and_one_that_says_nothing() {
    let server = serve(|mut stream, _| {
        stream.write_all(b"ready\n")?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {recv: \"ready\\n\"}
client: reset",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]), @r#"
      - client: {connect: "${server}"}
      - client: {recv: "ready\n"}
      - client: reset
    "#);
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {recv: \"ready\\n\"}
client: {shutdown: write}
client: {expect: eof}
client: close",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]), @r#"
      - client: {connect: "${server}"}
      - client: {recv: "ready\n"}
      - client: {shutdown: write}
      - client: {expect: eof}
      - client: close
    "#);
}

/// A server of FTP that knows how to send one file in passive mode.
fn ftp() -> String {
    let server = serve(|stream, _| {
        let mut data: Option<TcpListener> = None;
        let mut control = stream.try_clone()?;
        control.write_all(b"220 ready\r\n")?;
        answer_lines(stream, |line| match line.split(' ').next() {
            Some("PASV") => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let port = listener.local_addr().unwrap().port();
                data = Some(listener);
                format!("227 Entering Passive Mode (127,0,0,1,{},{}).\r\n", port / 256, port % 256)
            }
            Some("EPSV") => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let port = listener.local_addr().unwrap().port();
                data = Some(listener);
                format!("229 Entering Extended Passive Mode (|||{port}|)\r\n")
            }
            Some("RETR") => {
                let (mut data, _) = data.take().unwrap().accept().unwrap();
                control.write_all(b"150 here it comes\r\n").unwrap();
                data.write_all(b"hello\r\nworld\r\n").unwrap();
                drop(data);
                "226 done\r\n".to_owned()
            }
            _ => "200 ok\r\n".to_owned(),
        })
    });
    tcp(server)
}

const PASSIVE: &str = "control: {connect: \"${server}\"}
control: {recv: \"220 ready\\r\\n\"}
control: {send: \"PASV\\r\\n\"}
control: {recv: {until: \"\\r\\n\", match: '227 .*\\(127,0,0,1,(?<high>\\d+),(?<low>\\d+)\\)\\.'}}
let: {port: \"high|int * 256 + low|int\"}
data: {connect: \"tcp://127.0.0.1:${port}\"}
control: {send: \"RETR hello\\r\\n\"}
control: {recv: \"150 here it comes\\r\\n\"}
data: {recv: \"hello\\r\\nworld\\r\\n\"}
data: {expect: eof}
data: close
control: {recv: \"226 done\\r\\n\"}
control: {shutdown: write}
control: {expect: eof}
control: close";

#[test]
fn a_port_that_is_told_in_two_numbers() {
    insta::assert_snapshot!(recorded(&with_client(PASSIVE), &ftp(), &[]));
}

#[test]
fn a_port_that_is_told_in_one_number() {
    let extended = PASSIVE
        .replace("PASV", "EPSV")
        .replace(r"227 .*\(127,0,0,1,(?<high>\d+),(?<low>\d+)\)\.", r"229 .*\(\|\|\|(?<port>\d+)\|\)")
        .replace("let: {port: \"high|int * 256 + low|int\"}\n", "");
    insta::assert_snapshot!(recorded(&with_client(&extended), &ftp(), &[]));
}

#[test]
fn both_ends_need_neither() {
    let project = with_client(PASSIVE);
    insta::assert_snapshot!(recorded(&project, &ftp(), &["--side", "both"]));
}

#[test]
fn the_servers_end_runs_the_client() {
    let project = with_client(PASSIVE);
    let steps = recorded(&project, &ftp(), &["--side", "server"]);
    let run = steps.find("  - control:").unwrap()..;
    assert!(steps.contains("- client:\n      run:\n"), "{steps}");
    insta::assert_snapshot!(&steps[run]);
}

/// What the client answers to a nonce is fixed where the spec says the nonce.
#[test]
fn the_servers_end_knows_the_answer_to_what_it_says() {
    let server = serve(|mut stream, number| {
        let nonce = format!("{:016x}", (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        stream.write_all(format!("NONCE {nonce}\n").as_bytes())?;
        take(&mut stream, "DIGEST \n".len() + 64)?;
        stream.write_all(b"WELCOME\n")
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {recv: [\"NONCE \", {until: \"\\n\", match: '(?<nonce>[0-9a-f]+)'}]}
let: {digest: \"(nonce ~ ':secret')|sha256|hex\"}
client: {send: \"DIGEST ${digest}\\n\"}
client: {recv: \"WELCOME\\n\"}
client: {expect: eof}",
    );
    let steps = recorded(&project, &tcp(server), &["--side", "server"]);
    let nonce = steps.split("NONCE ").nth(1).and_then(|rest| rest.get(..16)).unwrap();
    assert!(nonce.bytes().all(|byte| byte.is_ascii_hexdigit()), "{steps}");
    let answer = steps.split("DIGEST ").nth(1).and_then(|rest| rest.get(..64)).unwrap();
    assert!(answer.bytes().all(|byte| byte.is_ascii_hexdigit()), "{steps}");
    // Another answer does not pass.
    let text = fs::read_to_string(project.path("client.yaml")).unwrap();
    project.write("client.yaml", &text.replace(":secret", ":guess"));
    project.run(&["run", "--update", "no", "specs/a.yaml"]).exits(1);
}

/// A token that is heard twice in one message is the same one.
#[test]
fn a_token_that_is_heard_again() {
    let server = serve(|stream, number| {
        answer_lines(stream, move |_| {
            let id = format!("{:016x}", (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            format!("id={id};\nsession {id} is open\n")
        })
    });
    let project = with_client(
        "client: {connect: \"${server}\"}\nclient: {send: \"open\\n\"}\nclient: {recv: {until: \"open\\n\"}}\nclient: close",
    );
    let steps = recorded(&project, &tcp(server), &[]);
    assert!(steps.contains("match: '(?<id>[0-9a-f]+)'") && steps.contains("session ${id} is open"), "{steps}");
}

#[test]
fn a_client_of_this_folder_is_found_by_the_spec() {
    let server = serve(|mut stream, _| {
        take(&mut stream, 3)?;
        stream.write_all(b"ho\n")
    });
    let project = Project::new(&[("client.sh", "exec 3<>/dev/tcp/$1/$2\necho hi >&3\ncat <&3\n")]);
    let to = tcp(server);
    let arguments = [
        "record",
        "--to",
        &to,
        "-o",
        "specs/a.yaml",
        "--side",
        "server",
        "--",
        "bash",
        "client.sh",
        "{host}",
        "{port}",
    ];
    project.run(&arguments).exits(0).says("verified");
    let spec = fs::read_to_string(project.path("specs/a.yaml")).unwrap();
    assert!(spec.contains(&format!("{}", project.path("client.sh").display())), "{spec}");
}

#[test]
fn ten_mebibytes_both_ways_at_once() {
    let server = serve(|mut stream, _| {
        let mut out = stream.try_clone()?;
        std::io::copy(&mut stream, &mut out)?;
        out.shutdown(Shutdown::Write)
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
parallel: {w: [{client: {send: {fill: \"abc\", size: 10MiB}}}, {client: {shutdown: write}}], r: [{client: {recv: {fill: \"abc\", size: 10MiB}}}]}
client: {expect: eof}
client: close",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]));
}

#[test]
fn datagrams() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = format!("udp://{}", socket.local_addr().unwrap());
    thread::spawn(move || {
        let mut buffer = [0; 100];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            let answer = format!("{} {} bytes", now(), len);
            socket.send_to(answer.as_bytes(), from).unwrap();
        }
    });
    let project =
        with_client("client: {connect: \"${server}\"}\nclient: {send: \"ping\"}\nclient: {recv: {rest: true}}");
    insta::assert_snapshot!(recorded(&project, &server, &[]));
}

#[test]
fn unix_sockets() {
    let project = with_client(
        "client: {connect: \"${server}\"}\nclient: {send: \"ping\"}\nclient: {recv: \"pong\\n\"}\nclient: {expect: eof}\nclient: close",
    );
    let path = project.path("server.sock");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.read_exact(&mut [0; 4]).unwrap();
            stream.write_all(b"pong\n").unwrap();
        }
    });
    insta::assert_snapshot!(recorded(&project, &format!("unix:{}", path.display()), &[]), @r#"
      - client: {connect: "${server}"}
      - client: {send: "ping"}
      - client: {recv: "pong\n"}
      - client: {expect: eof}
      - client: close
    "#);
}

/// Answers requests of HTTP/1 without bodies: each is a head.
fn answer_requests(stream: std::net::TcpStream, mut answer: impl FnMut(&str) -> String) -> std::io::Result<()> {
    let mut first = String::new();
    answer_lines(stream, |line| {
        if line.is_empty() {
            return answer(&std::mem::take(&mut first));
        }
        if first.is_empty() {
            line.clone_into(&mut first);
        }
        String::new()
    })
}

#[test]
fn what_follows_the_response_to_head_is_framed() {
    let server = serve(|stream, number| {
        answer_requests(stream, |request| {
            let body = format!("{{\"for\": \"anna\", \"visits\": {}}}", number * 7 + 98);
            let body = if request.contains("/visits") { body } else { "constant\n".to_owned() };
            let shown = if request.starts_with("HEAD") { "" } else { &body };
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{shown}", body.len())
        })
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {send: \"HEAD /a HTTP/1.1\\r\\n\\r\\n\"}
client: {recv: {until: \"\\r\\n\\r\\n\"}}
client: {send: \"GET /visits HTTP/1.1\\r\\n\\r\\n\"}
client: {recv: {until: \"}\"}}
client: {send: \"GET /a HTTP/1.1\\r\\n\\r\\n\"}
client: {recv: [{until: \"\\r\\n\\r\\n\"}, \"constant\\n\"]}
client: close",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]));
}

#[test]
fn a_line_that_says_how_many_bytes_follow_it() {
    let server = serve(|stream, number| {
        stream.set_nodelay(true)?;
        let mut out = stream.try_clone()?;
        answer_lines(stream, |line| {
            let body = "no end, ".repeat(3 + number % 5);
            // In two pieces, so that nothing but the number tells where it ends.
            write!(out, "LEN {}\n{}", line.len() + body.len(), &body[..9]).unwrap();
            format!("{}{line}", &body[9..])
        })
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {send: \"one\\n\"}
client: {recv: [\"LEN \", {until: \"\\n\", match: '(?<size>.*)'}, {bytes: \"${size}\"}]}
client: {send: \"three\\n\"}
client: {recv: [\"LEN \", {until: \"\\n\", match: '(?<size>.*)'}, {bytes: \"${size}\"}]}
client: close",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]));
}

#[test]
fn lines_that_come_in_any_order() {
    let server = serve(|mut stream, number| {
        take(&mut stream, 3)?;
        let mut lines = ["A is here\n".to_owned(), format!("B has {}\n", 90 + number), "C\n".to_owned()];
        lines.rotate_left(number % 3);
        stream.write_all(lines.concat().as_bytes())
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {send: \"go\\n\"}
client: {recv: {rest: true}}
client: close",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]));
}

#[test]
fn a_counter_that_happens_to_be_a_length_is_no_token() {
    let count = AtomicU32::new(1);
    let server = serve(move |mut stream, _| {
        loop {
            let len = u32::from_be_bytes(take(&mut stream, 4)?.try_into().unwrap()) as usize;
            take(&mut stream, len)?;
            let count = count.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            stream.write_all(&[&5_u32.to_be_bytes()[..], &count, b"x"].concat())?;
        }
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {send: {size: u32, of: \"hello\"}}
client: {recv: {bytes: 9}}
client: {send: {size: u32, of: \"a\"}}
client: {recv: {bytes: 9}}
client: close",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]));
}

#[test]
fn a_number_that_is_said_again_by_chance_is_no_token() {
    // The client says 4242 at its own will; whoever has another number there is sent away.
    let server = serve(|stream, number| {
        (&stream).write_all(format!("you are {}\n", 4242 + number).as_bytes())?;
        answer_lines(stream, |line| if line == "page 4242" { "+OK\n" } else { "-ERR no such page\n" }.to_owned())
    });
    let project = with_client(
        "client: {connect: \"${server}\"}
client: {recv: {until: \"\\n\"}}
client: {send: \"page 4242\\n\"}
client: {recv: \"+OK\\n\"}
client: close",
    );
    insta::assert_snapshot!(recorded(&project, &tcp(server), &[]));
}
