//! The people of the company and their habits: hours, places, devices.

use crate::demo::company::{CITIES, City, DOMAIN};
use crate::demo::moment::Moment;
use crate::demo::random::Random;

const PEOPLE: usize = 120;
const MINUTE_MS: i64 = 60_000;
/// Events end five minutes before midnight, so that what the provider adds to them is of the same day.
const DAY_MINUTES: i64 = 24 * 60 - 5;
const LATE_MINUTES: i64 = 120;
const LATE_PER_MILLE: u64 = 4;

const FIRST_NAMES: [&str; 40] = [
    "Anna", "Bram", "Zoë", "Daan", "Emma", "Femke", "George", "Hanna", "Imran", "Jolanta", "Kasper", "Lotte", "Maria",
    "Nadia", "Oliver", "Piotr", "Quentin", "Rosa", "Søren", "Tess", "Ursula", "Victor", "Wendy", "Xander", "Yara",
    "Zofia", "Aisha", "Ben", "Chloé", "Diego", "Elif", "Finn", "Grace", "Hugo", "Ines", "Jamal", "Kim", "Łukasz",
    "Mei", "Noah",
];
const LAST_NAMES: [&str; 41] = [
    "Bakker",
    "Cole",
    "de Vries",
    "Evans",
    "Fischer",
    "García",
    "Hughes",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Müller",
    "Nowak",
    "O'Brien",
    "Patel",
    "Quist",
    "Rossi",
    "Smit",
    "Taylor",
    "Usman",
    "Visser",
    "Wójcik",
    "Xu",
    "Young",
    "Zielińska",
    "Ahmed",
    "Brown",
    "Chen",
    "Dijkstra",
    "Eriksson",
    "Ferrari",
    "Green",
    "Hoekstra",
    "Ito",
    "Jones",
    "Kaya",
    "Lopez",
    "Mulder",
    "Nilsson",
    "Okafor",
    "Peeters",
];
const DEPARTMENTS: [(&str, u64); 7] = [
    ("Sales", 26),
    ("Engineering", 30),
    ("Finance", 14),
    ("Operations", 16),
    ("Human Resources", 6),
    ("Legal", 4),
    ("IT", 6),
];
const METHODS: [&str; 3] = ["Mobile app notification", "Text message", "FIDO2 security key"];

/// One of the company's people.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) upn: String,
    pub(crate) id: String,
    /// Exchange's own key of the person (PUID).
    pub(crate) key: String,
    pub(crate) sid: String,
    pub(crate) mailbox: String,
    pub(crate) department: &'static str,
    pub(crate) city: &'static City,
    pub(crate) home: String,
    pub(crate) laptop: Device,
    pub(crate) phone: Device,
    pub(crate) method: &'static str,
    start_minute: i64,
    span_minutes: i64,
    diligence: u64,
}

/// A laptop or a phone.
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) system: &'static str,
    pub(crate) browser: &'static str,
    pub(crate) agent: &'static str,
    pub(crate) managed: bool,
    pub(crate) trust: &'static str,
}

/// System, browser, user agent of each kind of device.
const WINDOWS: [&str; 3] = [
    "Windows10",
    "Edge 139.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0",
];
const MAC: [&str; 3] = [
    "MacOs",
    "Safari 18.5",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
];
const IPHONE: [&str; 3] = [
    "Ios 18.6",
    "Mobile Safari 18.6",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 PKeyAuth/1.0",
];
const ANDROID: [&str; 3] = [
    "Android 15",
    "Chrome Mobile 139.0.0",
    "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
];

/// Everybody, and the order in which they act.
pub(crate) struct People {
    pub(crate) all: Vec<Person>,
    diligence: Vec<(usize, u64)>,
}

impl People {
    /// The 120 people of `seed`.
    pub(crate) fn of(seed: u64) -> People {
        let mut random = Random::of(seed, "people");
        let turn = random.below(1000) as usize;
        let all: Vec<Person> = (0..PEOPLE).map(|number| person(number, turn, &mut random)).collect();
        let diligence = all.iter().map(|person| person.diligence).enumerate().collect();
        People { all, diligence }
    }

    /// Someone; those who do more come more often.
    pub(crate) fn anyone(&self, random: &mut Random) -> &Person {
        let position = random.weighted_choice(&self.diligence);
        self.all.get(position).unwrap_or_else(|| random.pick(&self.all))
    }

    /// Someone of the IT department; anyone if there is none.
    pub(crate) fn administrator(&self, random: &mut Random) -> &Person {
        let administrators: Vec<&Person> = self.all.iter().filter(|person| person.department == "IT").collect();
        if administrators.is_empty() {
            return self.anyone(random);
        }
        random.choice(&administrators)
    }
}

impl Person {
    /// A moment at which this person is at work on the day of `midnight`: mostly in the middle of their hours,
    /// now and then at any time, a few of the evening before (they arrive late).
    pub(crate) fn moment(&self, midnight: Moment, random: &mut Random) -> Moment {
        if random.chance(60) {
            return anytime(midnight, random);
        }
        let half = self.span_minutes as u64 / 2;
        let minute = self.start_minute + (random.below(half) + random.below(half)) as i64;
        at_minute(midnight, minute, random)
    }

    /// Where the person is: the office's address, home's, or a phone network's.
    pub(crate) fn address(&self, random: &mut Random) -> String {
        match random.below(100) {
            0..55 => self.city.office.to_owned(),
            55..90 => self.home.clone(),
            _ => format!("198.51.100.{}", random.between(200, 219)),
        }
    }

    /// The device in use: three times of four the laptop.
    pub(crate) fn device(&self, random: &mut Random) -> &Device {
        if random.chance(750) { &self.laptop } else { &self.phone }
    }

    /// The name without spaces and marks, as in an address.
    pub(crate) fn alias(&self) -> &str {
        self.upn.split('@').next().unwrap_or_default()
    }
}

/// Any moment of the day, a few of the evening before.
pub(crate) fn anytime(midnight: Moment, random: &mut Random) -> Moment {
    let minute = random.between(0, DAY_MINUTES - 1);
    at_minute(midnight, minute, random)
}

fn at_minute(midnight: Moment, minute: i64, random: &mut Random) -> Moment {
    let within = random.between(0, MINUTE_MS - 1);
    if random.chance(LATE_PER_MILLE) {
        let late = random.between(0, LATE_MINUTES - 1) * MINUTE_MS;
        return midnight.plus_ms(-1 - late - within).jittered(random);
    }
    midnight.plus_ms(minute.rem_euclid(DAY_MINUTES) * MINUTE_MS + within).jittered(random)
}

// 40 first and 41 last names have no common factor: no pair comes twice in 120 people.
fn person(number: usize, turn: usize, random: &mut Random) -> Person {
    let pair = number + turn;
    let first = FIRST_NAMES.get(pair % FIRST_NAMES.len()).unwrap_or(&"Anna");
    let last = LAST_NAMES.get(pair % LAST_NAMES.len()).unwrap_or(&"Bakker");
    let city = random.weighted(&CITIES);
    Person {
        name: format!("{first} {last}"),
        upn: format!("{}.{}@{DOMAIN}", plain(first), plain(last)),
        id: random.guid(),
        key: format!("10032{}", random.hex(11).to_uppercase()),
        sid: format!("S-1-5-21-1487203561-2904618337-3350127794-{}", 21_000_000 + number * 137),
        mailbox: random.guid(),
        department: random.weighted_choice(&DEPARTMENTS),
        city,
        home: format!("198.51.100.{}", number + 20),
        laptop: laptop(random),
        phone: phone(random),
        method: random.choice(&METHODS),
        start_minute: (random.between(7, 9) - city.offset_hours) * 60 + random.between(0, 59),
        span_minutes: random.between(7 * 60, 10 * 60),
        diligence: 1 + random.below(6),
    }
}

fn laptop(random: &mut Random) -> Device {
    let kind = if random.chance(800) { WINDOWS } else { MAC };
    let name = format!("LT-{}", random.hex(6).to_uppercase());
    device(random.guid(), name, kind, "Azure AD joined")
}

fn phone(random: &mut Random) -> Device {
    let kind = if random.chance(550) { IPHONE } else { ANDROID };
    if random.chance(400) {
        return device(String::new(), String::new(), kind, "");
    }
    let name = format!("MOB-{}", random.hex(6).to_uppercase());
    device(random.guid(), name, kind, "Azure AD registered")
}

fn device(id: String, name: String, kind: [&'static str; 3], trust: &'static str) -> Device {
    let [system, browser, agent] = kind;
    let managed = !id.is_empty();
    Device { id, name, system, browser, agent, managed, trust }
}

fn plain(name: &str) -> String {
    let letter = |letter: char| match letter {
        'ë' | 'é' => Some('e'),
        'ø' | 'ó' => Some('o'),
        'ł' => Some('l'),
        'í' => Some('i'),
        'ü' => Some('u'),
        'ń' => Some('n'),
        ' ' | '\'' => None,
        other => Some(other),
    };
    name.to_lowercase().chars().filter_map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nobody_comes_twice() {
        for seed in 0..50 {
            let people = People::of(seed).all;
            let names: HashSet<&str> = people.iter().map(|person| person.upn.as_str()).collect();
            assert_eq!(names.len(), PEOPLE);
            assert!(names.iter().all(|upn| upn.is_ascii() && !upn.contains([' ', '\''])), "{names:?}");
        }
    }

    #[test]
    fn work_is_of_the_day_or_at_most_two_hours_early() {
        let midnight = Moment::midnight((2026, 9, 2));
        let mut random = Random::of(3, "hours");
        let people = People::of(3);
        let mut late = 0;
        for _ in 0..20_000 {
            let at = people.anyone(&mut random).moment(midnight, &mut random);
            assert!(at >= midnight.plus_ms(-2 * 3_600_000) && at < midnight.plus_ms(DAY_MINUTES * MINUTE_MS));
            late += usize::from(at < midnight);
        }
        assert!((1..400).contains(&late), "{late}");
    }
}
