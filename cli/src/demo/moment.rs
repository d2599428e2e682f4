//! Points in time, spelled in each of the ways the providers spell them.

use crate::demo::random::Random;

const TICKS_PER_MS: i64 = 10_000;
const TICKS_PER_SECOND: i64 = 10_000_000;
const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;
/// .NET counts ticks from 0001-01-01; alert names of Defender count them down from year 9999.
const TICKS_FROM_YEAR_1: i64 = 719_162 * TICKS_PER_DAY;
const TICKS_MAX: i64 = 3_155_378_975_999_999_999;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// 100 ns since 1970-01-01T00:00:00Z: the precision of all four products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(i64);

impl Moment {
    /// The start of a day of the Gregorian calendar, in UTC.
    pub(crate) fn midnight((year, month, day): (i32, u32, u32)) -> Moment {
        Moment(days_from_civil(i64::from(year), i64::from(month), i64::from(day)) * TICKS_PER_DAY)
    }

    /// This moment and `ms` milliseconds (before it, if negative).
    pub(crate) fn plus_ms(self, ms: i64) -> Moment {
        Moment(self.0 + ms * TICKS_PER_MS)
    }

    /// This moment with its digits below the millisecond drawn anew.
    pub(crate) fn jittered(self, random: &mut Random) -> Moment {
        Moment(self.0 - self.0.rem_euclid(TICKS_PER_MS) + random.between(1, TICKS_PER_MS - 1))
    }

    /// `2026-09-02T08:15:30`, as the Management Activity API gives it.
    pub(crate) fn bare(self) -> String {
        let (year, month, day) = civil_from_days(self.0.div_euclid(TICKS_PER_DAY));
        let second = self.0.rem_euclid(TICKS_PER_DAY) / TICKS_PER_SECOND;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }

    /// `2026-09-02T08:15:30Z`, as Graph gives sign-ins.
    pub(crate) fn seconds(self) -> String {
        self.bare() + "Z"
    }

    /// `2026-09-02T08:15:30.1230456Z`: seven digits always.
    pub(crate) fn ticks(self) -> String {
        format!("{}.{:07}Z", self.bare(), self.fraction())
    }

    /// `2026-09-02T08:15:30.1230456+00:00`, inside the properties of a diagnostic record.
    pub(crate) fn offset(self) -> String {
        format!("{}.{:07}+00:00", self.bare(), self.fraction())
    }

    /// `2026-09-02T08:15:30.123Z`: as many digits as there are, as Log Analytics answers.
    pub(crate) fn trimmed(self) -> String {
        if self.fraction() == 0 {
            return self.seconds();
        }
        let ticks = self.ticks();
        format!("{}Z", ticks.trim_end_matches('Z').trim_end_matches('0'))
    }

    /// `Sep  2 08:15:30`, as syslog lines start.
    pub(crate) fn syslog(self) -> String {
        let (_, month, day) = civil_from_days(self.0.div_euclid(TICKS_PER_DAY));
        let name = MONTHS.get(month as usize - 1).unwrap_or(&"Jan");
        format!("{name} {day:>2} {}", self.bare().get(11..).unwrap_or_default())
    }

    /// Whole milliseconds since 1970, as Teams numbers its messages.
    pub(crate) fn unix_ms(self) -> i64 {
        self.0.div_euclid(TICKS_PER_MS)
    }

    /// The first half of a Defender alert's name: ticks counted down from the end of year 9999.
    pub(crate) fn countdown(self) -> i64 {
        TICKS_MAX - TICKS_FROM_YEAR_1 - self.0
    }

    fn fraction(self) -> i64 {
        self.0.rem_euclid(TICKS_PER_SECOND)
    }
}

// Howard Hinnant's day numbers: years start in March, so that the leap day is a year's last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year + shifted.div_euclid(146_097) * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn morning() -> Moment {
        Moment(Moment::midnight((2026, 9, 2)).plus_ms(29_730_123).0 + 400)
    }

    #[test]
    fn spellings() {
        assert_eq!(morning().bare(), "2026-09-02T08:15:30");
        assert_eq!(morning().seconds(), "2026-09-02T08:15:30Z");
        assert_eq!(morning().ticks(), "2026-09-02T08:15:30.1230400Z");
        assert_eq!(morning().offset(), "2026-09-02T08:15:30.1230400+00:00");
        assert_eq!(morning().trimmed(), "2026-09-02T08:15:30.12304Z");
        assert_eq!(Moment::midnight((2026, 9, 2)).trimmed(), "2026-09-02T00:00:00Z");
        assert_eq!(morning().syslog(), "Sep  2 08:15:30");
        assert_eq!(morning().unix_ms(), 1_788_336_930_123);
    }

    #[test]
    fn days_go_round() {
        for days in -800_000..800_000 {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
        assert_eq!(Moment::midnight((1970, 1, 1)), Moment(0));
        assert_eq!(Moment::midnight((2024, 2, 29)).bare(), "2024-02-29T00:00:00");
        assert_eq!(Moment::midnight((2024, 3, 1)).plus_ms(-1).bare(), "2024-02-29T23:59:59");
    }

    /// The last tick of the year 9999 counts as 0; the documented names of 2020 begin with 2518.
    #[test]
    fn defender_names_count_down() {
        assert_eq!(Moment::midnight((9999, 12, 31)).plus_ms(86_400_000).countdown(), -1);
        assert!(Moment::midnight((2020, 2, 22)).countdown().to_string().starts_with("2518"));
    }
}
