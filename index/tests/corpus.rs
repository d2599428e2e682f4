//! Records as unlike one another as providers' are: nested, escaped, odd, and not JSON at all.

use crate::dice::Dice;

/// Makes records that share some values with one another.
#[derive(Debug, Clone)]
pub(crate) struct Corpus {
    dice: Dice,
    pool: Vec<String>,
}

const WORDS: &[&str] = &[
    "anna",
    "ANNA",
    "Anna",
    "contoso",
    "Teams",
    "exchange",
    "Größe",
    "GRÖSSE",
    "große",
    "\u{212a}elvin",
    "kelvin",
    "éanna",
    "²anna²",
    "failed",
    "login",
    "MailItemsAccessed",
    "wksp0u2z9",
    "a",
    "x1",
    "日本語",
    "Ångström",
    "ΣΑΣ",
    "σας",
    "😀",
    "_",
    "user-agent",
    "50126",
    "54b395",
    "0899653z",
];
const KEYS: &[&str] = &[
    "id",
    "user",
    "User",
    "properties",
    "status",
    "errorCode",
    "ip",
    "time",
    "tags",
    "a",
    "a.b",
    "@odata.type",
    "größe",
    "",
    "k\\u0065y",
    "name",
    "count",
];
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "1.0",
    "10e-1",
    "50126",
    "5.0126E+4",
    "50126.0",
    "-7.25",
    "1e400",
    "9007199254740993",
    "0.0001",
    "1E-4",
    "123456789012345678901234567890",
    "750",
    "7500000",
    "-50126",
];
const ESCAPES: &[&str] = &[
    "\\u0041nna",
    "a\\nb",
    "C:\\\\Windows\\\\x",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\\/v1\\/users",
    "\\\"q\\\"",
    "\\u00e4b",
    "\\t\\r\\nRule",
];
const LINES: &[&str] = &[
    "",
    " ",
    "null",
    "true",
    "50126",
    "5.0126e4",
    "\"anna\"",
    "[]",
    "{}",
    "{",
    "007",
    "{\"a\":007}",
    "\\u0041nna",
    "a\\nb",
    "<34>Oct 11 22:14:15 host su: 'su root' failed for anna on /dev/pts/8",
    "{\"a\":1}{\"b\":2}",
    "[1,[2,[\"anna\"]]]",
    "10.0.0.7 - - [10/Oct/2000:13:55:36 -0700] \"GET /a.gif HTTP/1.0\" 200 2326",
];

impl Corpus {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut pool = Vec::new();
        for _ in 0..30 {
            let text = text(&mut dice);
            pool.push(text);
        }
        Self { dice, pool }
    }

    /// The next record.
    pub(crate) fn record(&mut self) -> Vec<u8> {
        let mut body = match self.dice.below(12) {
            0 => self.line().into_bytes(),
            1 => return self.bytes(),
            _ => {
                let mut out = String::new();
                self.object(&mut out, 0);
                out.into_bytes()
            }
        };
        if self.dice.once_in(60) && !body.is_empty() {
            let at = self.dice.below(body.len());
            body[at] = self.dice.next() as u8;
        }
        body
    }

    fn bytes(&mut self) -> Vec<u8> {
        let mut line = self.line().into_bytes();
        let at = self.dice.below(line.len() + 1);
        line.splice(at..at, self.dice.pick(&[b"\xff\xfe", b"\xc3\x28", b"a\xe4", b"\0\x01"]).iter().copied());
        line
    }

    fn line(&mut self) -> String {
        if self.dice.once_in(2) {
            return self.dice.pick(LINES).to_owned();
        }
        (0..self.dice.below(5)).map(|_| self.text() + " ").collect()
    }

    fn object(&mut self, out: &mut String, depth: usize) {
        out.push('{');
        for place in 0..self.dice.below(7) {
            if place > 0 {
                out.push(',');
            }
            if self.dice.once_in(9) {
                out.push_str(self.dice.pick(&[" ", "\n", "\t "]));
            }
            let key = self.dice.pick(KEYS);
            out.push_str(&format!("\"{key}\":"));
            self.value(out, depth + 1);
        }
        out.push('}');
    }

    fn value(&mut self, out: &mut String, depth: usize) {
        match self.dice.below(14) {
            0 if depth < 5 => self.object(out, depth),
            1 | 2 if depth < 5 => self.array(out, depth),
            3 => out.push_str(self.dice.pick(&["null", "true", "false", "null"])),
            4 | 5 => out.push_str(self.dice.pick(NUMBERS)),
            6 => out.push_str(&self.dice.below(100_000_000).to_string()),
            _ => {
                let text = self.text();
                out.push_str(&format!("\"{text}\""));
            }
        }
    }

    fn array(&mut self, out: &mut String, depth: usize) {
        out.push('[');
        for place in 0..self.dice.below(4) {
            if place > 0 {
                out.push(',');
            }
            self.value(out, depth + 1);
        }
        out.push(']');
    }

    fn text(&mut self) -> String {
        if self.dice.once_in(2) { self.dice.one_of(&self.pool).clone() } else { text(&mut self.dice) }
    }
}

/// A string's inside, spelled as in JSON.
fn text(dice: &mut Dice) -> String {
    match dice.below(16) {
        0 => guid(dice),
        1 => {
            let (first, second) = (guid(dice), guid(dice));
            let form = dice.below(6);
            ["/subscriptions/$/rg", "x$", "$é", "$-#", "{$}", "$_a"][form].replace('$', &first).replace('#', &second)
        }
        2 => format!("10.0.{}.{}", dice.below(3), dice.below(300)),
        3 => format!("1.2.3.{}.5:{}", dice.below(9), dice.below(500)),
        4 => format!("2001:db8::{}", dice.hex(3)),
        5 => {
            let digits = 4 + dice.below(40);
            dice.hex(digits)
        }
        6 => format!("2024-09-{:02}T{:02}:00:00.{:07}Z", 1 + dice.below(30), dice.below(24), dice.below(10_000_000)),
        7 => dice.pick(ESCAPES).to_string() + dice.pick(WORDS),
        8 => dice.pick(WORDS).repeat(60),
        9 => format!("{}@{}.com", dice.pick(WORDS), dice.pick(WORDS)),
        10 => String::new(),
        11 => dice.pick(NUMBERS).to_owned(),
        12 => dice.pick(WORDS).to_owned(),
        _ => {
            let mut words = String::new();
            for _ in 0..1 + dice.below(5) {
                words += dice.pick(WORDS);
                words += dice.pick(&[" ", "-", ".", "", "_", ", "]);
            }
            words
        }
    }
}

fn guid(dice: &mut Dice) -> String {
    let parts: Vec<String> = [8, 4, 4, 4, 12].iter().map(|digits| dice.hex(*digits)).collect();
    let text = parts.join("-");
    if dice.once_in(3) { text.to_uppercase() } else { text }
}
