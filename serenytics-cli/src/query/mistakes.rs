//! Shows the mistakes of a text query: each one underlined in the text, as rustc shows its errors.

use std::io::IsTerminal;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serenytics_query::query::TextProblem;

/// Returns the mistakes as text, in colour if the standard error is a terminal.
pub(super) fn shown(text: &str, problems: &[TextProblem]) -> String {
    let is_coloured =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let renderer = if is_coloured { Renderer::styled() } else { Renderer::plain() };
    problems.iter().map(|problem| one(text, problem, &renderer) + "\n\n").collect()
}

fn one(text: &str, TextProblem { problem, span }: &TextProblem, renderer: &Renderer) -> String {
    let snippet = Snippet::source(text).annotation(AnnotationKind::Primary.span(span.clone()));
    let mut report: Vec<Group<'_>> =
        vec![Level::ERROR.primary_title(problem.message.as_str()).id(problem.code.text()).element(snippet)];
    if let Some(help) = &problem.help {
        report.push(Group::with_title(Level::HELP.secondary_title(help.as_str())));
    }
    renderer.render(&report)
}
