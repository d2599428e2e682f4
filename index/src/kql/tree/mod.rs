//! The syntax tree: what was written, before names and types are looked up.

pub mod literal;
pub mod operator;

use super::span::Span;
pub use literal::{Json, Literal};
pub use operator::{Operator, OperatorKind};

/// A name as it was meant: without brackets and quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// Statements, with `;` between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// In the order written.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: StatementKind,
}

/// What a statement is.
#[derive(Debug, Clone, PartialEq)]
pub enum StatementKind {
    /// `let name = value`.
    Let(Name, Expression),
    /// `set name = value`; accepted, without effect.
    Set(Name, Option<Expression>),
    /// A query, or an expression.
    Query(Expression),
    /// `declare`, `alias`, `restrict`: the construct's name and the whole text.
    Other(String, String),
}

/// An expression: a value or a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: ExpressionKind,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpressionKind {
    /// A column, a table, a `let` name, `$left`.
    Name(String),
    /// A constant.
    Literal(Literal),
    /// `dynamic(…)`.
    Dynamic(Json),
    /// `*`.
    Star,
    /// A table's name with `*` in it, as `union` and `search in` take it.
    Wildcard(String),
    /// `typeof(…)`: the type's name, or its columns.
    Typeof(Vec<ColumnDeclaration>),
    /// `name(arguments)`.
    Call(Call),
    /// `base.name`.
    Member(Box<Expression>, Name),
    /// `base.name(arguments)`, as in `database("x").T()`.
    MemberCall(Box<Expression>, Call),
    /// `base[index]`.
    Index(Box<Expression>, Box<Expression>),
    /// `-x`, `+x`.
    Sign {
        /// Whether it is `-`.
        negative: bool,
        /// Of what.
        operand: Box<Expression>,
    },
    /// Two operands.
    Binary(BinaryOperator, Box<Expression>, Box<Expression>),
    /// `a and b and c`.
    And(Vec<Expression>),
    /// `a or b or c`.
    Or(Vec<Expression>),
    /// `x in (…)`, `x has_any (…)`.
    List(ListTest, Box<Expression>, Vec<Expression>),
    /// `x between (low .. high)`.
    Between {
        /// Whether it is `!between`.
        negated: bool,
        /// What is tested.
        value: Box<Expression>,
        /// Inclusive.
        low: Box<Expression>,
        /// Inclusive; a distance from `low` if that is a time and this a timespan.
        high: Box<Expression>,
    },
    /// A table and what is done with it.
    Pipeline(Box<Pipeline>),
    /// `datatable(…) […]`.
    DataTable(Vec<ColumnDeclaration>, Vec<Expression>),
    /// `externaldata(…) […] with (…)`.
    ExternalData {
        /// The columns that are read.
        columns: Vec<ColumnDeclaration>,
        /// Where from.
        places: Vec<Expression>,
        /// `format="csv"` and so on.
        settings: Vec<Setting>,
    },
    /// `(parameters) { body }`, the value of a `let`.
    Function(Box<FunctionValue>),
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The function.
    pub name: Name,
    /// Its arguments.
    pub arguments: Vec<Argument>,
}

/// An argument, perhaps with its parameter's name.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// `name=`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expression,
}

/// A table and the operators it goes through.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// Where the rows come from; `None` if the first operator makes them, as `print` does.
    pub source: Option<Expression>,
    /// In order.
    pub operators: Vec<Operator>,
}

/// A function of the query's own.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionValue {
    /// `view () { … }`.
    pub view: bool,
    /// Its parameters.
    pub parameters: Vec<ParameterDeclaration>,
    /// Its statements; the last one is its value.
    pub body: Vec<Statement>,
}

/// A parameter of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterDeclaration {
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub kind: ParameterKind,
}

/// What a parameter takes.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterKind {
    /// A value of that type.
    Scalar(Name, Option<Expression>),
    /// A table with at least these columns.
    Table(Vec<ColumnDeclaration>),
}

/// `name: type`; the name is empty in `typeof(long)`, the type `*` stands for any columns.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDeclaration {
    /// The column.
    pub name: Name,
    /// The type's name.
    pub kind: Name,
}

/// `kind=inner`, `hint.strategy=shuffle`, `format="csv"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The setting's name, with its dots.
    pub name: Name,
    /// A literal, or a name.
    pub value: Expression,
}

/// Operators with two operands, but for `and` and `or`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `==`
    Equal,
    /// `!=`, `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `=~`
    EqualAnyCase,
    /// `!~`
    NotEqualAnyCase,
    /// `:`, in `search`: the column has the term
    Colon,
    /// `has`, `!contains`, `startswith_cs` …
    Text {
        /// Which test.
        test: TextTest,
        /// With `!`.
        negated: bool,
    },
}

/// Tests of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// A term, in any case.
    Has,
    /// A term.
    HasCs,
    /// The beginning of a term, in any case.
    HasPrefix,
    /// The beginning of a term.
    HasPrefixCs,
    /// The end of a term, in any case.
    HasSuffix,
    /// The end of a term.
    HasSuffixCs,
    /// A part, in any case.
    Contains,
    /// A part.
    ContainsCs,
    /// The beginning, in any case.
    StartsWith,
    /// The beginning.
    StartsWithCs,
    /// The end, in any case.
    EndsWith,
    /// The end.
    EndsWithCs,
    /// A regular expression, anywhere.
    MatchesRegex,
}

/// Tests against a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListTest {
    /// `in`
    In,
    /// `!in`
    NotIn,
    /// `in~`
    InAnyCase,
    /// `!in~`
    NotInAnyCase,
    /// `has_any`
    HasAny,
    /// `has_all`
    HasAll,
}

/// The text tests by their spelling, without `!`; old spellings last.
pub const TEXT_TESTS: [(&str, TextTest); 13] = [
    ("has", TextTest::Has),
    ("has_cs", TextTest::HasCs),
    ("hasprefix", TextTest::HasPrefix),
    ("hasprefix_cs", TextTest::HasPrefixCs),
    ("hassuffix", TextTest::HasSuffix),
    ("hassuffix_cs", TextTest::HasSuffixCs),
    ("contains", TextTest::Contains),
    ("contains_cs", TextTest::ContainsCs),
    ("startswith", TextTest::StartsWith),
    ("startswith_cs", TextTest::StartsWithCs),
    ("endswith", TextTest::EndsWith),
    ("endswith_cs", TextTest::EndsWithCs),
    ("containscs", TextTest::ContainsCs),
];

impl TextTest {
    /// Its spelling, without `!`.
    pub fn name(self) -> &'static str {
        let found = TEXT_TESTS.iter().find(|(_, test)| *test == self);
        found.map_or("matches regex", |(name, _)| name)
    }
}

/// The list tests by their spelling.
pub const LIST_TESTS: [(&str, ListTest); 6] = [
    ("in", ListTest::In),
    ("!in", ListTest::NotIn),
    ("in~", ListTest::InAnyCase),
    ("!in~", ListTest::NotInAnyCase),
    ("has_any", ListTest::HasAny),
    ("has_all", ListTest::HasAll),
];

impl ListTest {
    /// Its spelling.
    pub fn name(self) -> &'static str {
        LIST_TESTS.iter().find(|(_, test)| *test == self).map_or("", |(name, _)| name)
    }
}

/// The operators that are symbols, by their spelling.
pub const SYMBOL_OPERATORS: [(&str, BinaryOperator); 14] = [
    ("+", BinaryOperator::Add),
    ("-", BinaryOperator::Subtract),
    ("*", BinaryOperator::Multiply),
    ("/", BinaryOperator::Divide),
    ("%", BinaryOperator::Modulo),
    ("==", BinaryOperator::Equal),
    ("!=", BinaryOperator::NotEqual),
    ("<", BinaryOperator::Less),
    ("<=", BinaryOperator::LessOrEqual),
    (">", BinaryOperator::Greater),
    (">=", BinaryOperator::GreaterOrEqual),
    ("=~", BinaryOperator::EqualAnyCase),
    ("!~", BinaryOperator::NotEqualAnyCase),
    (":", BinaryOperator::Colon),
];

impl BinaryOperator {
    /// How it is written.
    pub fn name(self) -> String {
        match self {
            BinaryOperator::Text { test, negated } => format!("{}{}", if negated { "!" } else { "" }, test.name()),
            symbol => {
                SYMBOL_OPERATORS.iter().find(|(_, operator)| *operator == symbol).map_or("", |found| found.0).to_owned()
            }
        }
    }

    /// How strongly it binds: 3 is `==`, 7 the tests of text.
    pub fn strength(self) -> u8 {
        match self {
            BinaryOperator::Equal | BinaryOperator::NotEqual => 3,
            BinaryOperator::Less
            | BinaryOperator::LessOrEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterOrEqual => 4,
            BinaryOperator::Add | BinaryOperator::Subtract => 5,
            BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Modulo => 6,
            BinaryOperator::EqualAnyCase
            | BinaryOperator::NotEqualAnyCase
            | BinaryOperator::Colon
            | BinaryOperator::Text { .. } => 7,
        }
    }

    /// Whether `a op b op c` is `(a op b) op c`; otherwise it is not KQL.
    pub fn chains(self) -> bool {
        matches!(self.strength(), 5 | 6)
    }
}
