//! The few records that most tests of commands are about, and what makes their output the same in every run.

use crate::sandbox::{Run, Sandbox};

/// Sign-ins, not in the order of their events: one with odd spelling, one with a character that turns text around.
pub(crate) const SIGNINS: &str = concat!(
    r#"{"id":"a1","time":"2024-09-02T08:00:00Z","user":"anna@contoso.com","status":{"errorCode":50126},"ip":"203.0.113.7"}"#,
    "\n",
    r#"{"id":"a2","time":"2024-09-02T11:30:00.5Z","user":"ben@contoso.com","status":{"errorCode":0},"ip":"198.51.100.4"}"#,
    "\n",
    r#"{ "id":"a3","time":"2024-09-02T09:15:00Z","user":"anna@contoso.com","n":1.50e1,"n":2,"status":{"errorCode":50126} }"#,
    "\n",
    "{\"id\":\"a4\",\"time\":\"2024-09-03T00:00:00Z\",\"user\":\"eve\u{202e}moc\",\"note\":\"x, \\\"y\\\"\"}\n",
);

/// Lines that are not JSON; the last is not even text.
pub(crate) const LINES: &[u8] = b"web sshd[71]: Failed password for anna\nsecond line\n\xffnot text\xfe\n";

/// A sandbox in whose default archive `test/signin` has the sign-ins and `test/lines` the lines.
pub(crate) fn archived() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("signins.jsonl", SIGNINS);
    sandbox.write("lines.txt", LINES);
    let signins = ["import", "signins.jsonl", "--stream", "test/signin", "--time-path", "time", "--id-path", "id"];
    sandbox.run(signins).expect_code(0);
    sandbox.run(["import", "lines.txt", "--stream", "test/lines", "--form", "text"]).expect_code(0);
    sandbox
}

/// What was said, without hashes (every record has its own salt) and without the times at which records came.
pub(crate) fn steady(run: &Run) -> String {
    let text = masked(&run.transcript(), "[hash]", 64, |letter| letter.is_ascii_hexdigit());
    let year_of_import = 2025..;
    let mut steady = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find("20") {
        let (before, time) = rest.split_at(start);
        let end =
            time.find(|letter: char| !letter.is_ascii_digit() && !"-:.TZ ".contains(letter)).unwrap_or(time.len());
        let (time, after) = time.split_at(end.max(2));
        let year = time.get(..4).and_then(|year| year.parse::<u32>().ok());
        let is_time = time.len() >= 16 && time.contains(':');
        let ours = is_time && year.is_some_and(|year| year_of_import.contains(&year));
        let blanks = &time[time.trim_end().len()..];
        steady.push_str(before);
        steady.push_str(&if ours { format!("[now]{blanks}") } else { time.to_owned() });
        rest = after;
    }
    steady + rest
}

/// The text with every run of `length` such letters replaced.
fn masked(text: &str, mask: &str, length: usize, is_part: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for letter in text.chars().chain(['\0']) {
        if is_part(letter) {
            run.push(letter);
            continue;
        }
        out.push_str(if run.len() == length { mask } else { &run });
        run.clear();
        out.push(letter);
    }
    out.trim_end_matches('\0').to_owned()
}

#[test]
fn what_differs_from_run_to_run_is_masked() {
    let hash = "0123456789abcdef".repeat(4);
    assert_eq!(masked(&format!("root {hash} ok"), "[hash]", 64, |c| c.is_ascii_hexdigit()), "root [hash] ok");
}
