//! The tabular operators of the syntax tree.

use super::{Argument, Call, ColumnDeclaration, Expression, Name, Setting};
use crate::kql::span::Span;

/// An operator of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    /// All of it.
    pub span: Span,
    /// Its name, such as `mv-expand`, as written.
    pub name: Name,
    /// What it does.
    pub kind: OperatorKind,
}

/// What an operator does.
#[derive(Debug, Clone, PartialEq)]
pub enum OperatorKind {
    /// `as Name`
    As(Vec<Setting>, Name),
    /// `count`, `count as Name`
    Count(Option<Name>),
    /// `distinct a, b`; `distinct *`
    Distinct(Vec<Setting>, Vec<Item>),
    /// `evaluate plugin(…)`, perhaps with the columns it gives
    Evaluate(Vec<Setting>, Call, Option<Vec<ColumnDeclaration>>),
    /// `extend a = x`
    Extend(Vec<Item>),
    /// `find …`
    Find(Box<Find>),
    /// `getschema`
    GetSchema,
    /// `invoke f(…)`
    Invoke(Call),
    /// `join kind=… (right) on …`
    Join(Join),
    /// `lookup kind=… (right) on …`
    Lookup(Join),
    /// `make-series …`
    MakeSeries(Box<MakeSeries>),
    /// `mv-apply …`
    MvApply(Expand, Vec<Operator>),
    /// `mv-expand …`
    MvExpand(Expand),
    /// `parse`, `parse-where`: the settings, the text, the pattern
    Parse(Vec<Setting>, Expression, Vec<PatternPart>),
    /// `parse-kv text as (columns) with (…)`
    ParseKv(Expression, Vec<ColumnDeclaration>, Vec<Setting>),
    /// `partition by column (…)`
    Partition(Vec<Setting>, Expression, Vec<Operator>),
    /// `print a = 1`
    Print(Vec<Item>),
    /// `project a, b = x`
    Project(Vec<Item>),
    /// `project-away a, b*`
    ProjectAway(Vec<ColumnPattern>),
    /// `project-keep a, b*`
    ProjectKeep(Vec<ColumnPattern>),
    /// `project-rename new = old`
    ProjectRename(Vec<Item>),
    /// `project-reorder a, b* asc`
    ProjectReorder(Vec<ColumnPattern>),
    /// `range x from a to b step c`
    Range(Name, Box<[Expression; 3]>),
    /// `render chart with (…)`
    Render(Name, Vec<Setting>),
    /// `sample n`
    Sample(Expression),
    /// `sample-distinct n of column`
    SampleDistinct(Expression, Expression),
    /// `search in (tables) predicate`
    Search(Vec<Setting>, Vec<Expression>, Expression),
    /// `serialize a = x`
    Serialize(Vec<Item>),
    /// `sort by a desc nulls last`
    Sort(Vec<Setting>, Vec<Ordered>),
    /// `summarize a = count() by b`
    Summarize(Vec<Setting>, Vec<Item>, Vec<Item>),
    /// `take n`, `limit n`
    Take(Expression),
    /// `top n by a`
    Top(Vec<Setting>, Expression, Vec<Ordered>),
    /// `top-nested …`
    TopNested(Vec<TopNested>),
    /// `union a, b*`
    Union(Vec<Setting>, Vec<Expression>),
    /// `where predicate`; a name before it is not right, and kept to be said
    Where(Item),
    /// An operator that nothing is done with, as text after its name.
    Other(String),
}

/// An expression of a clause, perhaps with names for its result: `a`, `x = a`, `(x, y) = a`.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The names.
    pub names: Vec<Name>,
    /// Whether they stand in parentheses.
    pub several: bool,
    /// The value.
    pub value: Expression,
}

/// A sort key.
#[derive(Debug, Clone, PartialEq)]
pub struct Ordered {
    /// What is compared.
    pub item: Item,
    /// `desc` or `asc`, where it is said.
    pub descending: Option<bool>,
    /// `nulls first` or `nulls last`, where it is said.
    pub nulls_first: Option<bool>,
}

/// A column's name, perhaps with `*` in it, and the order of what it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnPattern {
    /// The name or pattern.
    pub name: Name,
    /// `asc`, `desc`, `granny-asc`, `granny-desc`.
    pub order: Option<String>,
}

/// What `join` and `lookup` say.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// `kind=`, `hint.…=`.
    pub settings: Vec<Setting>,
    /// The right side.
    pub right: Expression,
    /// Column names, or `$left.a == $right.b`.
    pub on: Vec<Expression>,
}

/// What `mv-expand` and `mv-apply` say.
#[derive(Debug, Clone, PartialEq)]
pub struct Expand {
    /// `bagexpansion=`, `with_itemindex=`, `kind=`.
    pub settings: Vec<Setting>,
    /// What is expanded, each with the type after `to typeof`.
    pub items: Vec<(Item, Option<Vec<ColumnDeclaration>>)>,
    /// `limit n`.
    pub limit: Option<Expression>,
}

/// A part of the pattern of `parse`.
#[derive(Debug, Clone, PartialEq)]
pub enum PatternPart {
    /// `*`
    Star,
    /// A text that must be there, or a regular expression.
    Text(String),
    /// A column that takes what is there, and its type.
    Column(Name, Option<Name>),
}

/// What `make-series` says.
#[derive(Debug, Clone, PartialEq)]
pub struct MakeSeries {
    /// `kind=nonempty`, hints.
    pub settings: Vec<Setting>,
    /// Aggregates, each with its `default=`.
    pub aggregates: Vec<(Item, Option<Expression>)>,
    /// The axis.
    pub axis: Expression,
    /// `from`.
    pub from: Option<Expression>,
    /// `to`.
    pub to: Option<Expression>,
    /// `step`.
    pub step: Expression,
    /// `by`.
    pub keys: Vec<Item>,
}

/// One level of `top-nested`.
#[derive(Debug, Clone, PartialEq)]
pub struct TopNested {
    /// How many, where it is said.
    pub count: Option<Expression>,
    /// Of what.
    pub of: Item,
    /// `with others =`.
    pub others: Option<Expression>,
    /// The aggregate that orders.
    pub by: Item,
    /// `asc` or `desc`, where it is said.
    pub descending: Option<bool>,
}

/// What `find` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Find {
    /// `withsource=`, `datascope=`, hints.
    pub settings: Vec<Setting>,
    /// `in (…)`; empty is everything.
    pub tables: Vec<Expression>,
    /// `where`.
    pub predicate: Expression,
    /// `project` or `project-smart` or `project-away`, and its columns as arguments.
    pub project: Option<(Name, Vec<Argument>)>,
}
