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
    /// `[column]`.
    Reference(String),
    /// `-x`.
    Negative(Box<Expression>),
    /// `x + y`.
    Arithmetic(Operator, Box<Expression>, Box<Expression>),
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

impl Expression {
    pub(super) fn new(position: usize, node: Node) -> Expression {
        let depth = match &node {
            Node::Int(_) | Node::Float(_) | Node::Text(_) | Node::Reference(_) => 0,
            Node::Negative(operand) => operand.depth + 1,
            Node::Arithmetic(_, left, right) => left.depth.max(right.depth) + 1,
            Node::Call(_, arguments) => arguments.iter().map(|argument| argument.depth).max().unwrap_or(0) + 1,
        };
        Expression { node, position, depth }
    }

    /// Whether it names a column or calls a function, as every formula that is worth its name does.
    pub(crate) fn depends_on_rows(&self) -> bool {
        match &self.node {
            Node::Reference(_) | Node::Call(..) => true,
            Node::Negative(operand) => operand.depends_on_rows(),
            Node::Arithmetic(_, left, right) => left.depends_on_rows() || right.depends_on_rows(),
            Node::Int(_) | Node::Float(_) | Node::Text(_) => false,
        }
    }

    /// The names in brackets, each as often as it stands there.
    pub(super) fn references<'a>(&'a self, names: &mut Vec<&'a str>) {
        match &self.node {
            Node::Reference(name) => names.push(name),
            Node::Negative(operand) => operand.references(names),
            Node::Arithmetic(_, left, right) => {
                left.references(names);
                right.references(names);
            }
            Node::Call(_, arguments) => arguments.iter().for_each(|argument| argument.references(names)),
            Node::Int(_) | Node::Float(_) | Node::Text(_) => {}
        }
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
