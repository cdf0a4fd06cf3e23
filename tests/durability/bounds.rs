//! Too much at once: two servers on one folder, more than can be under way, a stop while many send.
//!
//! In each case whoever is refused is told so, and what was acknowledged is there. Not here: kills (`kills`).

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Answer, Server, answer, connect, within};

use super::load::{Chance, Load, body, events, seed, send, send_all};
use super::truth::{assert_shows, health, next_offset, serve};

/// The largest body, and how many of them may be under way: together 256 MiB.
const BODY_BYTES: usize = 32 << 20;
const BODIES: usize = 8;
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_second_server_on_a_folder_refuses_and_the_first_goes_on() {
    let (folder, lines) = (Folder::new(), events(seed() + 40, 10_000));
    let data = folder.path("data");
    let first = serve(&data);
    send_all(&first, &lines[..1000]);
    let second = Server::launch(&["--data", &data]).expect_err("the folder is in use");
    assert_eq!(second.status, Some(2), "{}", second.stderr);
    assert!(second.stderr.contains("in use") && second.stderr.contains(&data), "{}", second.stderr);
    send_all(&first, &lines[1000..]);
    assert_shows(&first, &lines);
    first.kill();
    assert_shows(&serve(&data), &lines);
}

/// A large request that has begun and takes its time.
struct Slow {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Slow {
    /// Says how much it brings, and brings none of it yet.
    fn begin(address: &str, lines: &[String]) -> Slow {
        let mut rest = body(lines);
        // Between events JSON may have as much room as it likes.
        let close = rest.pop().unwrap();
        rest.resize(BODY_BYTES - 1, b' ');
        rest.push(close);
        let mut stream = connect(address).unwrap();
        let head = "POST /api/v1/events HTTP/1.1\r\nhost: nhip\r\nconnection: close\r\n\
                    content-type: application/cloudevents-batch+json\r\n";
        write!(stream, "{head}content-length: {}\r\n\r\n", rest.len()).unwrap();
        Slow { stream, rest }
    }

    fn finish(mut self) -> Answer {
        self.stream.write_all(&self.rest).unwrap();
        answer(&mut self.stream).expect("the server answers")
    }
}

#[test]
fn too_much_at_once_is_told_to_come_back_and_nothing_acknowledged_is_lost() {
    let (folder, lines) = (Folder::new(), events(seed() + 41, 16_000));
    let data = folder.path("data");
    let server = serve(&data);
    let (large, small) = lines.split_at(lines.len() / 2);
    let share = large.len().div_ceil(BODIES);
    let slow: Vec<Slow> = large.chunks(share).map(|lines| Slow::begin(server.address(), lines)).collect();
    assert_eq!(slow.len(), BODIES);
    // Each has its room before anyone small asks: a small one under way could keep the last of them out.
    std::thread::sleep(Duration::from_millis(500));
    let one = body(&small[..1]);
    let mut refused = None;
    let is_refused = within(PATIENCE, || {
        let answer = send(server.address(), &one).expect("the server answers");
        refused = (answer.status != 202).then_some(answer);
        refused.is_some()
    });
    assert!(is_refused, "256 MiB are under way and more is taken");
    let refused = refused.unwrap();
    let told = (refused.status, refused.json()["code"].as_str().unwrap().to_owned());
    assert_eq!(told, (503, "busy".to_owned()), "{}", refused.text());
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(server.get("/api/v1/ranking?period=2026-Q1").status, 200, "reads go on");

    let load = Load::of(small, &mut Chance::new(seed()));
    let mut busy = 0;
    load.while_sending(server.address(), |answers| {
        // While all is taken up, senders are told to come back.
        while busy < 10 {
            busy += u64::from(answers.recv_timeout(PATIENCE).unwrap() == 503);
        }
        std::thread::scope(|scope| {
            let finishing: Vec<_> = slow.into_iter().map(|one| scope.spawn(|| one.finish())).collect();
            for one in finishing {
                let answer = one.join().unwrap();
                assert_eq!(answer.status, 202, "{}", answer.text());
            }
        });
    });
    // Who comes back is taken.
    load.send_rest(server.address());
    assert_shows(&server, &lines);
    server.kill();
    assert_shows(&serve(&data), &lines);
}

/// Connections that bring a head a line at a time and never end it.
const DRIBBLING: usize = 600;

#[test]
fn heads_that_never_end_keep_nobody_else_out() {
    let (folder, lines) = (Folder::new(), events(seed() + 44, 2_000));
    let server = serve(&folder.path("data"));
    let begin = || {
        let mut stream = connect(server.address()).unwrap();
        write!(stream, "GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\n").unwrap();
        stream
    };
    let mut slow: Vec<TcpStream> = (0..DRIBBLING).map(|_| begin()).collect();
    for (place, part) in lines.chunks(500).enumerate() {
        for stream in &mut slow {
            write!(stream, "x-{place}: y\r\n").unwrap();
        }
        send_all(&server, part);
        assert_eq!(server.get("/api/v1/ranking?period=2026-Q1").status, 200, "reads go on");
    }
    assert_shows(&server, &lines);
    // Whoever comes to an end after all is answered like anybody else.
    let mut one = slow.pop().unwrap();
    write!(one, "connection: close\r\n\r\n").unwrap();
    assert_eq!(answer(&mut one).expect("the server answers").status, 200);
}

#[test]
fn a_head_without_end_is_refused_before_it_takes_room() {
    let folder = Folder::new();
    let server = serve(&folder.path("data"));
    let mut stream = connect(server.address()).unwrap();
    write!(stream, "GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ").unwrap();
    let piece = vec![b'y'; 64 << 10];
    // Some megabytes lie between two sockets; the server's own share is less than one.
    let taken = (0..1024).take_while(|_| stream.write_all(&piece).is_ok()).count();
    assert!(taken < 512, "{taken} pieces of 64 KiB of one head were taken");
    assert_eq!(server.get("/readyz").status, 200);
}

#[test]
fn a_stop_under_load_ends_in_good_order_and_keeps_what_was_acknowledged() {
    let (folder, lines) = (Folder::new(), events(seed() + 42, 20_000));
    let data = folder.path("data");
    let mut server = serve(&data);
    let load = Load::of(&lines, &mut Chance::new(seed()));
    let address = server.address().to_owned();
    load.while_sending(&address, |answers| {
        for _ in 0..20 {
            answers.recv_timeout(PATIENCE).expect("somebody is answered");
        }
        server.terminate();
        assert_eq!(server.ended(PATIENCE), Some(0), "{}", server.stderr());
    });
    let acknowledged = load.acknowledged();
    assert!(acknowledged > 0, "something was acknowledged");
    let server = serve(&data);
    let health = health(&server);
    let next = next_offset(&health);
    assert!(next >= acknowledged, "{acknowledged} were acknowledged and {next} are there");
    assert_eq!(health["state"]["saved_offset"], next, "the state was saved at the end: {health}");
    load.send_rest(server.address());
    assert_shows(&server, &lines);
}
