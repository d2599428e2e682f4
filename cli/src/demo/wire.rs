//! Records into files, as the provider's interface or export hands them over.

use std::cmp::Reverse;

use crate::demo::gzip::gzip;
use crate::demo::moment::Moment;
use crate::demo::random::Random;

const GRAPH: &str = "https://graph.microsoft.com/beta";
const STRAGGLERS_PER_MILLE: u64 = 5;
/// Half an hour to six hours.
const STRAGGLING_MS: (i64, i64) = (30 * 60_000, 6 * 3_600_000);
/// Skip tokens mean nothing to a client; these are multiples of one number.
const SKIP_TOKEN: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060;

/// One file of the day.
pub(crate) struct DemoFile {
    /// A plain file name; its order is not that of the events.
    pub(crate) name: String,
    /// What the provider handed over.
    pub(crate) bytes: Vec<u8>,
    /// How many records are in it.
    pub(crate) records: usize,
}

/// One record on its way to a file.
pub(crate) struct Record {
    /// When it happened.
    pub(crate) at: Moment,
    /// When the provider made it available: files of exports are in this order.
    pub(crate) available: Moment,
    /// The record's JSON, on one line.
    pub(crate) json: String,
}

impl Record {
    /// The record, now and then hours late: its place in an export is then far from its neighbours in time.
    pub(crate) fn straggling(self, random: &mut Random) -> Record {
        if !random.chance(STRAGGLERS_PER_MILLE) {
            return self;
        }
        let late = random.between(STRAGGLING_MS.0, STRAGGLING_MS.1);
        Record { available: self.available.plus_ms(late), ..self }
    }
}

/// Records of one log, and the form in which the provider hands them over.
pub(crate) struct Delivery {
    /// What the file names start with.
    pub(crate) name: String,
    pub(crate) records: Vec<Record>,
    form: Form,
}

enum Form {
    /// Pages of a Graph collection, newest first, each with the link to the next.
    Graph { path: &'static str, page: usize },
    /// Pages of an Azure Resource Manager list, newest first.
    Arm { url: String, page: usize },
    /// Content blobs of the Management Activity API: one JSON array each, in no order of events.
    Blobs { blob: usize },
    /// Messages of an event hub, one a line, each with several records.
    Hub { message: usize },
    /// JSON lines, as in append blobs and table exports; packed or not.
    Lines { packed: bool },
}

impl Delivery {
    /// Pages of the Graph collection `path`.
    pub(crate) fn graph(name: &str, path: &'static str, page: usize, records: Vec<Record>) -> Delivery {
        Delivery { name: name.to_owned(), records, form: Form::Graph { path, page } }
    }

    /// Pages of the list at `url`.
    pub(crate) fn arm(name: &str, url: String, page: usize, records: Vec<Record>) -> Delivery {
        Delivery { name: name.to_owned(), records, form: Form::Arm { url, page } }
    }

    /// JSON arrays of at most `blob` records.
    pub(crate) fn blobs(name: String, blob: usize, records: Vec<Record>) -> Delivery {
        Delivery { name, records, form: Form::Blobs { blob } }
    }

    /// `{"records":[…]}` lines of at most `message` records.
    pub(crate) fn hub(name: &str, message: usize, records: Vec<Record>) -> Delivery {
        Delivery { name: name.to_owned(), records, form: Form::Hub { message } }
    }

    /// One record a line.
    pub(crate) fn lines(name: &str, records: Vec<Record>) -> Delivery {
        Delivery { name: name.to_owned(), records, form: Form::Lines { packed: false } }
    }

    /// One record a line, in a gzip file.
    pub(crate) fn packed(name: &str, records: Vec<Record>) -> Delivery {
        Delivery { name: name.to_owned(), records, form: Form::Lines { packed: true } }
    }

    /// The files.
    pub(crate) fn files(mut self) -> Vec<DemoFile> {
        match self.form {
            Form::Graph { .. } | Form::Arm { .. } => self.records.sort_by_key(|record| Reverse(record.at)),
            _ => self.records.sort_by_key(|record| record.available),
        }
        match &self.form {
            Form::Graph { path, page } => self.graph_pages(path, *page),
            Form::Arm { url, page } => self.arm_pages(url, *page),
            Form::Blobs { blob } => self.numbered(*blob, |_, _, values| format!("[{values}]")),
            Form::Hub { message } => vec![self.hub_messages(*message)],
            Form::Lines { packed } => vec![self.one_a_line(*packed)],
        }
    }

    fn graph_pages(&self, path: &str, size: usize) -> Vec<DemoFile> {
        let context = format!(r#""@odata.context":"{GRAPH}/$metadata#{path}""#);
        self.numbered(size, |page, last, values| {
            let token = format!("{:032x}", (page as u128 + 1) * SKIP_TOKEN);
            let next = format!(r#","@odata.nextLink":"{GRAPH}/{path}?$top={size}&$skiptoken={token}""#);
            format!("{{{context}{},\"value\":[{values}]}}", if last { "" } else { &next })
        })
    }

    fn arm_pages(&self, url: &str, size: usize) -> Vec<DemoFile> {
        self.numbered(size, |page, last, values| {
            let next = format!(r#","nextLink":"{url}&$skiptoken={page}""#);
            format!("{{\"value\":[{values}]{}}}", if last { "" } else { &next })
        })
    }

    fn hub_messages(&self, size: usize) -> DemoFile {
        let message = |records: &[Record]| format!("{{\"records\":[{}]}}\n", joined(records));
        let text: String = self.records.chunks(size).map(message).collect();
        DemoFile { name: format!("{}.jsonl", self.name), bytes: text.into_bytes(), records: self.records.len() }
    }

    fn one_a_line(&self, packed: bool) -> DemoFile {
        let text: String = self.records.iter().flat_map(|record| [record.json.as_str(), "\n"]).collect();
        let (suffix, bytes) = if packed { (".gz", gzip(text.as_bytes())) } else { ("", text.into_bytes()) };
        DemoFile { name: format!("{}.jsonl{suffix}", self.name), bytes, records: self.records.len() }
    }

    // `body` gets the page's number from 0, whether it is the last, and its records joined by commas.
    fn numbered(&self, size: usize, body: impl Fn(usize, bool, &str) -> String) -> Vec<DemoFile> {
        let pages = self.records.len().div_ceil(size);
        let page = |(position, page): (usize, &[Record])| DemoFile {
            name: format!("{}-{:02}.json", self.name, position + 1),
            bytes: body(position, position + 1 == pages, &joined(page)).into_bytes(),
            records: page.len(),
        };
        self.records.chunks(size).enumerate().map(page).collect()
    }
}

fn joined(records: &[Record]) -> String {
    records.iter().map(|record| record.json.as_str()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(count: i64) -> Vec<Record> {
        let start = Moment::midnight((2026, 9, 2));
        let record = |number: i64| {
            let at = start.plus_ms(number);
            Record { at, available: start.plus_ms(100 - number), json: format!("{{\"id\":{number}}}") }
        };
        (0..count).map(record).collect()
    }

    fn text(file: &DemoFile) -> &str {
        std::str::from_utf8(&file.bytes).unwrap()
    }

    #[test]
    fn graph_pages_are_newest_first_and_linked_but_the_last() {
        let pages = Delivery::graph("signins", "auditLogs/signIns", 2, records(3)).files();
        assert_eq!(
            pages.iter().map(|page| page.name.as_str()).collect::<Vec<_>>(),
            ["signins-01.json", "signins-02.json"]
        );
        assert!(text(&pages[0]).contains(r#","value":[{"id":2},{"id":1}]}"#));
        assert!(text(&pages[0]).contains("nextLink") && !text(&pages[1]).contains("nextLink"));
    }

    #[test]
    fn exports_are_in_the_order_of_arrival() {
        assert_eq!(text(&Delivery::lines("rows", records(2)).files()[0]), "{\"id\":1}\n{\"id\":0}\n");
        let hub = Delivery::hub("hub", 2, records(3)).files();
        assert_eq!(text(&hub[0]), "{\"records\":[{\"id\":2},{\"id\":1}]}\n{\"records\":[{\"id\":0}]}\n");
        let blobs = Delivery::blobs("blob".to_owned(), 2, records(3)).files();
        assert_eq!(text(&blobs[1]), "[{\"id\":0}]");
    }

    #[test]
    fn packed_lines_are_gzip() {
        let file = &Delivery::packed("rows", records(2)).files()[0];
        assert_eq!((file.name.as_str(), file.records), ("rows.jsonl.gz", 2));
        assert_eq!(file.bytes, gzip(b"{\"id\":1}\n{\"id\":0}\n"));
    }

    #[test]
    fn arm_pages_end_with_their_link() {
        let pages = Delivery::arm("alerts", "https://example.com/alerts?v=1".to_owned(), 1, records(2)).files();
        assert!(text(&pages[0]).starts_with("{\"value\":[{\"id\":1}],\"nextLink\":"));
        assert_eq!(text(&pages[1]), "{\"value\":[{\"id\":0}]}");
    }
}
