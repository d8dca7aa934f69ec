//! The syntax tree of a formula.

/// The maximum nesting of operations. In `1 + 2 + 3`, the first is nested in the second. DataFusion recurses into each.
pub(super) const DEPTH: usize = 64;

/// A part of a formula and its position.
///
/// Two parts are equal if they differ only in their positions: in spaces and needless parentheses.
#[derive(Debug, Clone)]
pub struct Expression {
    /// The kind of the part, with its own parts.
    pub node: Node,
    /// The byte of the formula at which the part begins.
    pub position: usize,
    /// The byte of the formula after the part.
    pub(super) end: usize,
    /// How many operations are nested in it.
    pub(super) depth: usize,
}

impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.node == other.node
    }
}

/// The kind of a part of a formula.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// An integer without its sign, which is a [`Node::Negative`].
    Int(u64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// Text in quotes.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
    /// `[column]`.
    Reference(String),
    /// `-x`.
    Negative(Box<Expression>),
    /// `not x`.
    Not(Box<Expression>),
    /// `x + y`.
    Arithmetic(Operator, Box<Expression>, Box<Expression>),
    /// `x < y`.
    Comparison(Comparison, Box<Expression>, Box<Expression>),
    /// `x in (y, z)`, or `x not in (y, z)`.
    In {
        /// The value to look for.
        operand: Box<Expression>,
        /// The values of the list.
        list: Vec<Expression>,
        /// True for `not in`.
        is_negated: bool,
    },
    /// `x and y and z`.
    Junction(Junction, Vec<Expression>),
    /// `function(x, y)`.
    Call(String, Vec<Expression>),
}

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

impl Operator {
    /// Returns the character of the operator.
    #[must_use]
    pub const fn symbol(self) -> char {
        match self {
            Operator::Add => '+',
            Operator::Subtract => '-',
            Operator::Multiply => '*',
            Operator::Divide => '/',
            Operator::Remainder => '%',
        }
    }

    /// Returns true if the operator has no result when its right side is zero.
    #[must_use]
    pub const fn divides(self) -> bool {
        matches!(self, Operator::Divide | Operator::Remainder)
    }
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=` or `==`
    Equal,
    /// `!=` or `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// Returns the operator with this spelling.
    pub(super) fn from_symbol(symbol: &str) -> Option<Comparison> {
        Some(match symbol {
            "=" | "==" => Comparison::Equal,
            "!=" | "<>" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return None,
        })
    }

    /// Returns the usual spelling of the operator.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

/// An operator that joins conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Junction {
    /// `and`
    And,
    /// `or`
    Or,
}

impl Junction {
    /// Returns the keyword.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Junction::And => "and",
            Junction::Or => "or",
        }
    }
}

/// Returns the depth of a balanced binary tree with this many leaves.
pub(super) fn levels(count: usize) -> usize {
    count.next_power_of_two().ilog2() as usize
}

impl Expression {
    pub(super) fn new(position: usize, end: usize, node: Node) -> Expression {
        let own = match &node {
            Node::Junction(_, parts) => levels(parts.len()),
            node if node.parts().next().is_none() && !matches!(node, Node::Call(..)) => 0,
            _ => 1,
        };
        let depth = node.parts().map(|part| part.depth).max().unwrap_or(0) + own;
        Expression { node, position, end, depth }
    }

    /// Returns true if the formula references a column or calls a function.
    #[must_use]
    pub fn depends_on_rows(&self) -> bool {
        self.iter().any(|part| matches!(part.node, Node::Reference(_) | Node::Call(..)))
    }

    /// Returns every part, each before the parts nested in it.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Expression> {
        let mut unvisited = vec![self];
        std::iter::from_fn(move || {
            let part = unvisited.pop()?;
            unvisited.extend(part.node.parts());
            Some(part)
        })
    }

    /// Returns the names in brackets, with repetitions.
    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        self.iter().filter_map(|part| match &part.node {
            Node::Reference(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

impl Node {
    /// Returns the direct parts of the node.
    fn parts(&self) -> impl Iterator<Item = &Expression> {
        let (first, second, rest): (Option<&Expression>, Option<&Expression>, &[Expression]) = match self {
            Node::Negative(operand) | Node::Not(operand) => (Some(operand), None, &[]),
            Node::Arithmetic(_, left, right) | Node::Comparison(_, left, right) => (Some(left), Some(right), &[]),
            Node::In { operand, list, .. } => (Some(operand), None, list),
            Node::Junction(_, parts) | Node::Call(_, parts) => (None, None, parts),
            Node::Int(_) | Node::Float(_) | Node::Text(_) | Node::Boolean(_) | Node::Null | Node::Reference(_) => {
                (None, None, &[])
            }
        };
        first.into_iter().chain(second).chain(rest)
    }
}
