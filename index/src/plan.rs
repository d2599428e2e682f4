//! A filter together with what the index says of each of its tests: which blocks to read, and which rows match.

use logkeep_storage::{Block, BlockError, BlockHead, Fields};

use crate::error::Result;
use crate::filter::{FieldName, Filter, Test};
use crate::index::{Candidates, Columns, Index};
use crate::probe::Probe;
use crate::rows::Rows;
use crate::run::Place;
use crate::text::{text, value};

/// A filter ready to be run. It decides the same with and without an index; only the work differs.
#[derive(Debug)]
pub(crate) struct Plan {
    root: Node,
    filter: Filter,
    index: Option<Index>,
}

#[derive(Debug)]
enum Node {
    All,
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Test { probe: Box<Probe>, candidates: Candidates },
}

impl Plan {
    /// Asks the index about every test of the filter.
    pub(crate) fn new(filter: &Filter, index: Option<&Index>) -> Result<Self> {
        Ok(Self { root: Node::new(filter, index)?, filter: filter.clone(), index: index.cloned() })
    }

    /// Whether every record matches.
    pub(crate) fn is_everything(&self) -> bool {
        matches!(self.root, Node::All)
    }

    /// Whether a block may have a matching row; one that is not in the index may.
    pub(crate) fn may_match(&self, head: &BlockHead) -> bool {
        self.covered(head).is_none_or(|place| self.root.may_match(place))
    }

    /// The matching rows of a block.
    pub(crate) fn rows(&self, block: &Block<'_>) -> std::result::Result<Rows, BlockError> {
        self.root.rows(block, self.covered(block.head()))
    }

    /// The place of a block that the index covers.
    fn covered(&self, head: &BlockHead) -> Option<Place> {
        self.index.as_ref().filter(|index| index.covers(head)).map(|_| Place::of(head))
    }

    /// Whether a record that is in no block matches.
    pub(crate) fn matches(&self, body: &[u8], fields: &mut Fields) -> bool {
        let mut texts = Vec::new();
        fields.of(body, |path, raw, quoted| texts.push((path.to_owned(), text(raw, quoted), quoted)));
        let record: Vec<_> = texts.iter().map(|(path, text, quoted)| (path.as_str(), value(text, *quoted))).collect();
        self.filter.matches(&record)
    }
}

impl Node {
    fn new(filter: &Filter, index: Option<&Index>) -> Result<Self> {
        let all =
            |members: &[Filter]| members.iter().map(|member| Self::new(member, index)).collect::<Result<Vec<_>>>();
        let test = |field: Option<&FieldName>, test: &Test| {
            let candidates = index.map_or(Ok(Candidates::All), |index| index.candidates(&test.required()))?;
            Ok(Self::Test { probe: Box::new(Probe::new(field.cloned(), test.clone())), candidates })
        };
        match filter {
            Filter::All => Ok(Self::All),
            Filter::And(members) => all(members).map(Self::And),
            Filter::Or(members) => all(members).map(Self::Or),
            Filter::Not(inner) => Ok(Self::Not(Box::new(Self::new(inner, index)?))),
            Filter::Text(inner) => test(None, inner),
            Filter::Field(field, inner) => test(Some(field), inner),
        }
    }

    fn may_match(&self, place: Place) -> bool {
        match self {
            Self::All | Self::Not(_) => true,
            Self::And(members) => members.iter().all(|member| member.may_match(place)),
            Self::Or(members) => members.iter().any(|member| member.may_match(place)),
            Self::Test { candidates, .. } => candidates.columns(place).is_some(),
        }
    }

    fn rows(&self, block: &Block<'_>, covered: Option<Place>) -> std::result::Result<Rows, BlockError> {
        let count = block.head().count as usize;
        match self {
            Self::All => Ok(Rows::all(count)),
            Self::And(members) => {
                let mut rows = Rows::all(count);
                for member in members {
                    if rows.is_empty() {
                        break;
                    }
                    rows = rows.and(member.rows(block, covered)?);
                }
                Ok(rows)
            }
            Self::Or(members) => {
                let mut rows = Rows::none(count);
                for member in members {
                    rows = rows.or(member.rows(block, covered)?);
                }
                Ok(rows)
            }
            Self::Not(inner) => Ok(inner.rows(block, covered)?.complement()),
            Self::Test { probe, candidates } => {
                let columns = covered.map_or(Some(&Columns::Any), |place| candidates.columns(place));
                match columns {
                    Some(columns) => probe.rows(columns, block),
                    None => Ok(Rows::none(count)),
                }
            }
        }
    }
}
