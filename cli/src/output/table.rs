//! Aligned columns for people.

use crate::output::escape;

/// Between two columns.
const GAP: &str = "  ";

/// On which side of its column a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells under their headings.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<(String, Side)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns and no rows yet.
    pub(crate) fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Side)>) -> Table {
        Table { columns: columns.into_iter().map(|(name, side)| (name.to_owned(), side)).collect(), rows: Vec::new() }
    }

    /// Adds a row. Cells are escaped, whoever wrote them.
    pub(crate) fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| escape::line(&cell)).collect());
    }

    /// The heading and the rows as lines, cut to `width` columns if there is one.
    pub(crate) fn lines(&self, width: Option<usize>) -> Vec<String> {
        let heading: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let widths: Vec<usize> = (0..self.columns.len()).map(|column| self.column_width(column)).collect();
        let rows = std::iter::once(&heading).chain(&self.rows);
        rows.map(|row| self.line(row, &widths))
            .map(|line| width.map_or(line.clone(), |w| escape::cut(&line, w)))
            .collect()
    }

    fn column_width(&self, column: usize) -> usize {
        let heading = self.columns.get(column).map_or(0, |(name, _)| escape::width(name));
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| escape::width(cell)).fold(heading, usize::max)
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, width), (_, side)) in row.iter().zip(widths).zip(&self.columns) {
            if !line.is_empty() {
                line.push_str(GAP);
            }
            let blanks = " ".repeat(width.saturating_sub(escape::width(cell)));
            match side {
                Side::Left => line.extend([cell.as_str(), &blanks]),
                Side::Right => line.extend([&blanks, cell.as_str()]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new([("NAME", Side::Left), ("COUNT", Side::Right), ("", Side::Left)]);
        table.push(["你好".to_owned(), "1".to_owned(), "x\x1b".to_owned()]);
        table.push(["abcdef".to_owned(), "1,234,567".to_owned(), String::new()]);
        assert_eq!(table.lines(None), ["NAME        COUNT", "你好            1  x\\x1b", "abcdef  1,234,567"]);
        assert_eq!(table.lines(Some(6))[2], "abcde…");
    }
}
