//! Records on their way to the user, in the form that was asked for.

use logkeep_index::filter::FieldName;
use logkeep_storage::StoredRecord;

use crate::args::RecordForm;
use crate::exit::Failure;
use crate::fields::{self, Fields};
use crate::moment;
use crate::output::table::{Side, Table};
use crate::output::{Output, csv, escape, json};

/// Rows that are aligned together; a table has no end that one could wait for.
const PAGE_ROWS: usize = 200;
/// Longest cell of a field that was asked for.
const CELL_COLUMNS_MAX: usize = 60;

/// Prints records one by one.
pub(crate) struct RecordPrinter {
    form: RecordForm,
    names: Vec<String>,
    fields: Vec<FieldName>,
    /// Those of the fields that no record had until now.
    unseen: Vec<FieldName>,
    printed: u64,
    page: Table,
    page_rows: usize,
    headed: bool,
    marks: bool,
}

/// Why a record is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It was found.
    Found,
    /// It is near one that was found.
    Context,
}

impl RecordPrinter {
    /// A printer of this form. `marks`: whether context is printed as well.
    pub(crate) fn new(form: RecordForm, names: &[String], marks: bool) -> RecordPrinter {
        let mut printer = RecordPrinter {
            form,
            names: names.to_vec(),
            fields: fields::names(names),
            unseen: fields::names(names),
            printed: 0,
            page: Table::new([]),
            page_rows: 0,
            headed: false,
            marks,
        };
        printer.page = printer.new_page();
        printer
    }

    /// Prints one record.
    pub(crate) fn record(&mut self, output: &mut Output, record: &StoredRecord, mark: Mark) -> Result<(), Failure> {
        match self.form {
            RecordForm::Table => self.row(output, record, mark)?,
            RecordForm::Json => {
                output.bytes(if self.printed == 0 { b"[\n" } else { b",\n" })?;
                let object = self.object(record, mark);
                output.foreign(object.as_bytes())?;
            }
            RecordForm::Jsonl => {
                output.foreign(self.object(record, mark).as_bytes())?;
                output.bytes(b"\n")?;
            }
            RecordForm::Raw => {
                output.foreign(&record.body)?;
                output.bytes(b"\n")?;
            }
            RecordForm::Csv => self.csv(output, record)?,
        }
        self.printed += 1;
        Ok(())
    }

    /// A line between groups of records, where a person reads.
    pub(crate) fn separator(&mut self) {
        if self.form == RecordForm::Table && self.page_rows + usize::from(self.headed) > 0 {
            self.page.push(["--".to_owned()]);
        }
    }

    /// Prints what waits to be aligned, and sends it off.
    pub(crate) fn flush(&mut self, output: &mut Output) -> Result<(), Failure> {
        if self.page_rows > 0 {
            let next = self.new_page();
            let page = std::mem::replace(&mut self.page, next);
            let lines = page.lines(output.to_terminal.then(|| output.width()));
            let mut lines = lines.iter();
            match lines.next() {
                Some(heading) if !self.headed => output.dim_line(heading)?,
                _ => {}
            }
            lines.try_for_each(|line| output.line(line))?;
            self.headed = true;
            self.page_rows = 0;
        }
        output.flush()
    }

    /// Ends the output. Gives the fields that were asked for and that no record had, if there were records.
    pub(crate) fn finish(mut self, output: &mut Output) -> Result<Vec<FieldName>, Failure> {
        if self.form == RecordForm::Json {
            output.bytes(if self.printed == 0 { b"[]\n" } else { b"\n]\n" })?;
        }
        self.flush(output)?;
        Ok(if self.printed == 0 { Vec::new() } else { self.unseen })
    }

    fn values(&mut self, record: &StoredRecord) -> Fields {
        let values = Fields::of(&record.body);
        self.unseen.retain(|name| !values.has(name));
        values
    }

    fn new_page(&self) -> Table {
        let mark = self.marks.then_some(("", Side::Left));
        let fixed = [("EVENT (UTC)", Side::Left), ("RECORD", Side::Left)];
        let named = self.names.iter().map(|name| (name.as_str(), Side::Left));
        let summary = self.names.is_empty().then_some(("CONTENT", Side::Left));
        Table::new(mark.into_iter().chain(fixed).chain(named).chain(summary))
    }

    fn row(&mut self, output: &mut Output, record: &StoredRecord, mark: Mark) -> Result<(), Failure> {
        let values = self.values(record);
        let mark = self.marks.then(|| if mark == Mark::Found { ">".to_owned() } else { " ".to_owned() });
        let fixed = [moment::to_the_second(record.event), record.id.to_string()];
        let named = self.fields.iter().map(|name| escape::cut(&values.text(name), CELL_COLUMNS_MAX));
        let summary = self.names.is_empty().then(|| values.summary(&record.body));
        self.page.push(mark.into_iter().chain(fixed).chain(named).chain(summary));
        self.page_rows += 1;
        if self.page_rows >= PAGE_ROWS { self.flush(output) } else { Ok(()) }
    }

    fn object(&mut self, record: &StoredRecord, mark: Mark) -> String {
        let object = if self.fields.is_empty() { json::record(record) } else { self.selected(record) };
        match (mark, object.strip_suffix('}')) {
            (Mark::Context, Some(open)) => format!("{open},\"_context\":true}}"),
            _ => object,
        }
    }

    fn selected(&mut self, record: &StoredRecord) -> String {
        let values = self.values(record);
        let values: Vec<_> = self.fields.iter().map(|name| values.json(name)).collect();
        json::fields(record, &self.names, &values)
    }

    fn csv(&mut self, output: &mut Output, record: &StoredRecord) -> Result<(), Failure> {
        let fixed = ["_id", "_event", "_received"];
        if self.printed == 0 {
            let content = self.names.is_empty().then_some("record");
            let names = self.names.iter().map(String::as_str);
            output.bytes(&csv::row(fixed.into_iter().chain(names).chain(content)))?;
        }
        let fixed = [record.id.to_string(), record.event.to_string(), record.received.to_string()];
        let mut cells: Vec<Vec<u8>> = fixed.into_iter().map(String::into_bytes).collect();
        if self.fields.is_empty() {
            cells.push(record.body.clone());
        } else {
            let values = self.values(record);
            cells.extend(self.fields.iter().map(|name| values.text(name).into_bytes()));
        }
        output.foreign(&csv::row(cells))
    }
}
