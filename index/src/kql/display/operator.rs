//! Operators as text.

use std::fmt::{self, Display, Formatter};

use super::expression::within;
use super::listed;
use crate::kql::tree::literal::quoted;
use crate::kql::tree::operator::{
    ColumnPattern, Expand, Find, Item, Join, MakeSeries, Ordered, PatternPart, TopNested,
};
use crate::kql::tree::{Expression, ExpressionKind, Operator, OperatorKind, Setting};

impl Display for Operator {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name.text)?;
        match &self.kind {
            OperatorKind::As(settings, name) => write!(formatter, "{} {name}", Settings(settings)),
            OperatorKind::Count(None) | OperatorKind::GetSchema => Ok(()),
            OperatorKind::Count(Some(name)) => write!(formatter, " as {name}"),
            OperatorKind::Distinct(settings, items) => after(formatter, settings, items),
            OperatorKind::Evaluate(settings, call, columns) => {
                write!(formatter, "{} {call}", Settings(settings))?;
                columns.as_ref().map_or(Ok(()), |columns| within(formatter, " : (", columns, ")"))
            }
            OperatorKind::Extend(items)
            | OperatorKind::Print(items)
            | OperatorKind::Project(items)
            | OperatorKind::ProjectRename(items)
            | OperatorKind::Serialize(items) => after(formatter, &[], items),
            OperatorKind::Find(find) => write!(formatter, "{find}"),
            OperatorKind::Invoke(call) => write!(formatter, " {call}"),
            OperatorKind::Join(join) | OperatorKind::Lookup(join) => write!(formatter, "{join}"),
            OperatorKind::MakeSeries(series) => write!(formatter, "{series}"),
            OperatorKind::MvExpand(expand) => write!(formatter, "{expand}"),
            OperatorKind::MvApply(expand, operators) => {
                write!(formatter, "{expand} on (")?;
                piped(formatter, operators)
            }
            OperatorKind::Parse(settings, text, parts) => {
                write!(formatter, "{} {text} with ", Settings(settings))?;
                listed(formatter, parts, " ")
            }
            OperatorKind::ParseKv(text, columns, settings) => {
                write!(formatter, " {text} as ")?;
                within(formatter, "(", columns, ")")?;
                if settings.is_empty() { Ok(()) } else { within(formatter, " with (", settings, ")") }
            }
            OperatorKind::Partition(settings, column, operators) => {
                write!(formatter, "{} by {column} (", Settings(settings))?;
                piped(formatter, operators)
            }
            OperatorKind::ProjectAway(patterns)
            | OperatorKind::ProjectKeep(patterns)
            | OperatorKind::ProjectReorder(patterns) => after(formatter, &[], patterns),
            OperatorKind::Range(name, bounds) => {
                let [from, to, step] = bounds.as_ref();
                write!(formatter, " {name} from {from} to {to} step {step}")
            }
            OperatorKind::Render(chart, settings) => render(formatter, &chart.text, settings),
            OperatorKind::Sample(count) | OperatorKind::Take(count) => write!(formatter, " {count}"),
            OperatorKind::SampleDistinct(count, of) => write!(formatter, " {count} of {of}"),
            OperatorKind::Search(settings, tables, predicate) => {
                write!(formatter, "{}{} {predicate}", Settings(settings), Tables(tables))
            }
            OperatorKind::Sort(settings, keys) => {
                write!(formatter, "{} by ", Settings(settings))?;
                listed(formatter, keys, ", ")
            }
            OperatorKind::Summarize(settings, aggregates, keys) => summarize(formatter, settings, aggregates, keys),
            OperatorKind::Top(settings, count, keys) => {
                write!(formatter, "{} {count} by ", Settings(settings))?;
                listed(formatter, keys, ", ")
            }
            OperatorKind::TopNested(levels) => listed(formatter, levels, ", top-nested"),
            OperatorKind::Union(settings, tables) => {
                let tables: Vec<Table> = tables.iter().map(Table).collect();
                after(formatter, settings, &tables)
            }
            OperatorKind::Where(item) => write!(formatter, " {item}"),
            OperatorKind::Other(text) if text.is_empty() => Ok(()),
            OperatorKind::Other(text) => write!(formatter, " {text}"),
        }
    }
}

/// Settings and then items.
fn after<T: Display>(formatter: &mut Formatter<'_>, settings: &[Setting], items: &[T]) -> fmt::Result {
    write!(formatter, "{}", Settings(settings))?;
    if items.is_empty() { Ok(()) } else { within(formatter, " ", items, "") }
}

fn piped(formatter: &mut Formatter<'_>, operators: &[Operator]) -> fmt::Result {
    listed(formatter, operators, " | ")?;
    formatter.write_str(")")
}

fn summarize(formatter: &mut Formatter<'_>, settings: &[Setting], aggregates: &[Item], keys: &[Item]) -> fmt::Result {
    after(formatter, settings, aggregates)?;
    if keys.is_empty() { Ok(()) } else { within(formatter, " by ", keys, "") }
}

/// Values of the same setting stand together: `ycolumns=a, b`.
fn render(formatter: &mut Formatter<'_>, chart: &str, settings: &[Setting]) -> fmt::Result {
    write!(formatter, " {chart}")?;
    if settings.is_empty() {
        return Ok(());
    }
    formatter.write_str(" with (")?;
    let mut before: Option<&str> = None;
    for setting in settings {
        let comma = if before.is_some() { ", " } else { "" };
        let goes_on = before == Some(&setting.name.text) && matches!(setting.value.kind, ExpressionKind::Name(_));
        match &setting.value.kind {
            ExpressionKind::Name(word) if goes_on => write!(formatter, "{comma}{word}")?,
            _ => write!(formatter, "{comma}{setting}")?,
        }
        before = Some(&setting.name.text);
    }
    formatter.write_str(")")
}

/// Each with a blank before it.
struct Settings<'t>(&'t [Setting]);

impl Display for Settings<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|setting| write!(formatter, " {setting}"))
    }
}

/// ` in (…)`, or nothing.
struct Tables<'t>(&'t [Expression]);

impl Display for Tables<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let tables: Vec<Table> = self.0.iter().map(Table).collect();
        if tables.is_empty() { Ok(()) } else { within(formatter, " in (", &tables, ")") }
    }
}

/// An operand of `union` or `join`: a pipeline stands in parentheses.
struct Table<'t>(&'t Expression);

impl Display for Table<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            ExpressionKind::Name(_) | ExpressionKind::Wildcard(_) => write!(formatter, "{}", self.0),
            _ => write!(formatter, "({})", self.0),
        }
    }
}

impl Display for Item {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if self.several {
            within(formatter, "(", &self.names, ") = ")?;
        } else if let Some(name) = self.names.first() {
            write!(formatter, "{name} = ")?;
        }
        write!(formatter, "{}", Operand(&self.value))
    }
}

/// A value of a clause; a pipeline in parentheses.
struct Operand<'t>(&'t Expression);

impl Display for Operand<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            ExpressionKind::Pipeline(_) => write!(formatter, "({})", self.0),
            _ => write!(formatter, "{}", self.0),
        }
    }
}

impl Display for Ordered {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.item)?;
        direction(formatter, self.descending)?;
        match self.nulls_first {
            Some(first) => formatter.write_str(if first { " nulls first" } else { " nulls last" }),
            None => Ok(()),
        }
    }
}

fn direction(formatter: &mut Formatter<'_>, descending: Option<bool>) -> fmt::Result {
    match descending {
        Some(descending) => formatter.write_str(if descending { " desc" } else { " asc" }),
        None => Ok(()),
    }
}

impl Display for ColumnPattern {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if self.name.text.contains('*') {
            formatter.write_str(&self.name.text)?;
        } else {
            write!(formatter, "{}", self.name)?;
        }
        match &self.order {
            Some(order) => write!(formatter, " {order}"),
            None => Ok(()),
        }
    }
}

impl Display for Join {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} on ", Settings(&self.settings), Table(&self.right))?;
        listed(formatter, &self.on, ", ")
    }
}

impl Display for Expand {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ", Settings(&self.settings))?;
        for (place, (item, columns)) in self.items.iter().enumerate() {
            write!(formatter, "{}{item}", if place > 0 { ", " } else { "" })?;
            if let Some(columns) = columns {
                within(formatter, " to typeof(", columns, ")")?;
            }
        }
        self.limit.as_ref().map_or(Ok(()), |limit| write!(formatter, " limit {limit}"))
    }
}

impl Display for PatternPart {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            PatternPart::Star => formatter.write_str("*"),
            PatternPart::Text(text) => formatter.write_str(&quoted(text)),
            PatternPart::Column(name, None) => write!(formatter, "{name}"),
            PatternPart::Column(name, Some(kind)) => write!(formatter, "{name}:{kind}"),
        }
    }
}

impl Display for MakeSeries {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ", Settings(&self.settings))?;
        for (place, (item, default)) in self.aggregates.iter().enumerate() {
            write!(formatter, "{}{item}", if place > 0 { ", " } else { "" })?;
            if let Some(default) = default {
                write!(formatter, " default = {default}")?;
            }
        }
        // `in` inside the axis would be taken for the older form's word.
        write!(formatter, " on ({})", self.axis)?;
        for (word, bound) in [("from", &self.from), ("to", &self.to)] {
            if let Some(bound) = bound {
                write!(formatter, " {word} {bound}")?;
            }
        }
        write!(formatter, " step {}", self.step)?;
        if self.keys.is_empty() { Ok(()) } else { within(formatter, " by ", &self.keys, "") }
    }
}

impl Display for TopNested {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if let Some(count) = &self.count {
            write!(formatter, " {count}")?;
        }
        write!(formatter, " of {}", self.of)?;
        if let Some(others) = &self.others {
            write!(formatter, " with others = {others}")?;
        }
        write!(formatter, " by {}", self.by)?;
        direction(formatter, self.descending)
    }
}

impl Display for Find {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{} where {}", Settings(&self.settings), Tables(&self.tables), self.predicate)?;
        match &self.project {
            Some((name, columns)) if columns.is_empty() => formatter.write_str(&format!(" {}", name.text)),
            Some((name, columns)) => within(formatter, &format!(" {} ", name.text), columns, ""),
            None => Ok(()),
        }
    }
}
