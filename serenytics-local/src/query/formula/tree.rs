//! The tree of a formula, as it was written, and what can be wrong with one.

/// How many operations may stand one inside the other: in `1 + 2 + 3`, the first stands inside of the second. DataFusion
/// recurses into each, and takes longer for the inner ones.
pub(super) const DEPTH: usize = 64;

/// A part of a formula, and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expression {
    pub(super) node: Node,
    /// The byte of the formula that it begins with.
    pub(super) position: usize,
    /// How many operations stand one inside the other in it.
    pub(super) depth: usize,
}

/// What a part of a formula is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// An integer; its sign is a part of its own.
    Int(u64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A text in quotes.
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
    In { operand: Box<Expression>, list: Vec<Expression>, is_negated: bool },
    /// `x and y and z`.
    Junction(Junction, Vec<Expression>),
    /// `function(x, y)`.
    Call(String, Vec<Expression>),
}

/// An operator between two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    /// The operator as it is written.
    pub(super) fn sign(self) -> char {
        match self {
            Operator::Add => '+',
            Operator::Subtract => '-',
            Operator::Multiply => '*',
            Operator::Divide => '/',
            Operator::Remainder => '%',
        }
    }

    /// Whether it has no result for a right side of zero.
    pub(super) fn divides(self) -> bool {
        matches!(self, Operator::Divide | Operator::Remainder)
    }
}

/// An operator that compares two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// The operator as it is written, if it is one.
    pub(super) fn of(sign: &str) -> Option<Comparison> {
        Some(match sign {
            "=" | "==" => Comparison::Equal,
            "!=" | "<>" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return None,
        })
    }

    /// The operator as it is most often written.
    pub(super) fn sign(self) -> &'static str {
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

/// What joins conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Junction {
    And,
    Or,
}

impl Junction {
    /// The word as it is written.
    pub(super) fn word(self) -> &'static str {
        match self {
            Junction::And => "and",
            Junction::Or => "or",
        }
    }
}

/// How deep a tree of two at a time is that joins so many.
pub(super) fn levels(count: usize) -> usize {
    count.next_power_of_two().ilog2() as usize
}

impl Expression {
    pub(super) fn new(position: usize, node: Node) -> Expression {
        let own = match &node {
            Node::Junction(_, parts) => levels(parts.len()),
            node if node.parts().next().is_none() && !matches!(node, Node::Call(..)) => 0,
            _ => 1,
        };
        let depth = node.parts().map(|part| part.depth).max().unwrap_or(0) + own;
        Expression { node, position, depth }
    }

    /// Whether it names a column or calls a function, as every formula that is worth its name does.
    pub(crate) fn depends_on_rows(&self) -> bool {
        self.iter().any(|part| matches!(part.node, Node::Reference(_) | Node::Call(..)))
    }

    /// Every part, from the whole to what is inside of it.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Expression> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let part = waiting.pop()?;
            waiting.extend(part.node.parts());
            Some(part)
        })
    }

    /// The names in brackets, each as often as it stands there.
    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        self.iter().filter_map(|part| match &part.node {
            Node::Reference(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

impl Node {
    /// The parts that it is made of.
    fn parts(&self) -> impl Iterator<Item = &Expression> {
        let (one, other, more): (Option<&Expression>, Option<&Expression>, &[Expression]) = match self {
            Node::Negative(operand) | Node::Not(operand) => (Some(operand), None, &[]),
            Node::Arithmetic(_, left, right) | Node::Comparison(_, left, right) => (Some(left), Some(right), &[]),
            Node::In { operand, list, .. } => (Some(operand), None, list),
            Node::Junction(_, parts) | Node::Call(_, parts) => (None, None, parts),
            Node::Int(_) | Node::Float(_) | Node::Text(_) | Node::Boolean(_) | Node::Null | Node::Reference(_) => {
                (None, None, &[])
            }
        };
        one.into_iter().chain(other).chain(more)
    }
}

/// What is wrong with a formula, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The byte of the formula.
    pub(super) position: usize,
    pub(super) message: String,
}

impl Mistake {
    pub(super) fn new(position: usize, message: impl Into<String>) -> Mistake {
        Mistake { position, message: message.into() }
    }

    /// The mistake in a sentence that begins with the character, counted from 1, at which it stands.
    pub(crate) fn told(&self, formula: &str) -> String {
        let before = formula.get(..self.position).unwrap_or(formula);
        format!("at character {}, {}", before.chars().count() + 1, self.message)
    }
}
