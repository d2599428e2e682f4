//! Comma-separated values (RFC 4180) for spreadsheets.

/// One row with its line feed.
pub(crate) fn row<T: AsRef<[u8]>>(cells: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    // Writing into memory cannot fail.
    let _ = writer.write_record(cells);
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(row(["a", "b c", "d,e", "f\"g", "h\ni", ""]), b"a,b c,\"d,e\",\"f\"\"g\",\"h\ni\",\n");
        assert_eq!(row([""]), b"\"\"\n");
    }
}
