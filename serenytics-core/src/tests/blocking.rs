//! That the blocking client is whole: what the types of the async client have, its types have, as the sources say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// The builder of both clients, whose calls end in `_blocking` where they wait.
const SHARED: &str = "ClientBuilder";

/// What an iterator is instead of.
const NEXT: &str = "try_next";

/// A public method.
struct Method {
    is_async: bool,
    /// The names of its arguments.
    arguments: Vec<String>,
    /// The names in its result's type.
    result: Vec<String>,
}

/// What sources declare.
#[derive(Default)]
struct Declared {
    /// By their type and their name.
    methods: BTreeMap<String, BTreeMap<String, Method>>,
    /// Types that are iterators.
    iterators: BTreeSet<String>,
}

impl Declared {
    fn of(sources: &[String]) -> Declared {
        let mut declared = Declared::default();
        sources.iter().for_each(|source| declared.read_items(source.parse().unwrap()));
        declared
    }

    fn read_items(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for at in 0..tokens.len() {
            match &tokens[at..] {
                [TokenTree::Ident(word), TokenTree::Ident(_), TokenTree::Group(module), ..] if *word == "mod" => {
                    self.read_items(module.stream());
                }
                [TokenTree::Ident(word), rest @ ..] if *word == "impl" => self.read_impl(rest),
                _ => {}
            }
        }
    }

    /// Reads what stands behind `impl`.
    fn read_impl(&mut self, tokens: &[TokenTree]) {
        let tokens = behind_generics(tokens);
        let Some(body) = tokens.iter().find_map(|token| group(token, Delimiter::Brace)) else { return };
        let (name, rest) = path(tokens);
        if rest.first().is_some_and(|token| is_word(token, "for")) {
            if name == "Iterator" {
                self.iterators.insert(path(&rest[1..]).0);
            }
            return;
        }
        let methods = self.methods.entry(name).or_default();
        let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
        for at in 0..tokens.len() {
            match &tokens[at..] {
                [TokenTree::Ident(word), rest @ ..] if *word == "pub" => methods.extend(written(rest)),
                [TokenTree::Ident(_), TokenTree::Punct(mark), TokenTree::Group(methods_of), ..]
                    if mark.as_char() == '!' && methods_of.delimiter() == Delimiter::Brace =>
                {
                    methods.extend(generated(methods_of));
                }
                _ => {}
            }
        }
    }

    fn waits(&self, waiting: &BTreeSet<&str>, name: &str) -> bool {
        let gives = |method: &Method| method.result.iter().any(|word| word != name && waiting.contains(word.as_str()));
        self.methods[name].values().any(|method| method.is_async || gives(method))
    }

    /// The types with a call that waits, or with a method that gives such a type.
    fn waiting(&self) -> BTreeSet<&str> {
        let mut waiting = BTreeSet::new();
        loop {
            let further: BTreeSet<&str> =
                self.methods.keys().map(String::as_str).filter(|name| self.waits(&waiting, name)).collect();
            if further == waiting {
                return waiting;
            }
            waiting = further;
        }
    }

    /// What these have not that the types of the async client have.
    fn missing(&self, client: &Declared) -> Vec<String> {
        let waiting = client.waiting();
        let mut missing = Vec::new();
        for (name, methods) in client.methods.iter().filter(|(name, _)| waiting.contains(name.as_str())) {
            for (method, declared) in methods {
                let gives = || declared.result.iter().any(|word| waiting.contains(word.as_str()));
                let found = match (name.as_str(), method.as_str()) {
                    (SHARED, _) if !declared.is_async && !gives() => continue,
                    (_, NEXT) if self.iterators.contains(name) => continue,
                    (SHARED, method) => format!("{method}_blocking"),
                    (_, method) => method.to_owned(),
                };
                match self.methods.get(name).and_then(|methods| methods.get(&found)) {
                    None => missing.push(format!("{name}::{found}")),
                    Some(other) if other.arguments != declared.arguments => {
                        missing.push(format!("{name}::{found}({})", declared.arguments.join(", ")));
                    }
                    Some(_) => {}
                }
            }
        }
        missing
    }
}

/// The method that is written out behind `pub`.
fn written(tokens: &[TokenTree]) -> Option<(String, Method)> {
    let before = tokens.iter().position(|token| is_word(token, "fn"))?;
    let (qualifiers, rest) = tokens.split_at(before);
    if !qualifiers.iter().all(|token| ["async", "const", "unsafe"].iter().any(|word| is_word(token, word))) {
        return None;
    }
    let is_async = qualifiers.iter().any(|token| is_word(token, "async"));
    let [_, TokenTree::Ident(name), rest @ ..] = rest else { return None };
    let [arguments, rest @ ..] = behind_generics(rest) else { return None };
    Some((name.to_string(), method(is_async, group(arguments, Delimiter::Parenthesis)?, rest)))
}

/// The methods that a macro is given: their names stand before their arguments.
fn generated(methods: &Group) -> Vec<(String, Method)> {
    let tokens: Vec<TokenTree> = methods.stream().into_iter().collect();
    let found = (0..tokens.len()).filter_map(|at| match &tokens[at..] {
        [TokenTree::Ident(name), arguments, rest @ ..] => {
            Some((name.to_string(), method(false, group(arguments, Delimiter::Parenthesis)?, rest)))
        }
        _ => None,
    });
    found.collect()
}

fn method(is_async: bool, arguments: &Group, behind: &[TokenTree]) -> Method {
    let ends = |token: &&TokenTree| match token {
        TokenTree::Punct(mark) => mark.as_char() == ';',
        token => is_word(token, "where") || group(token, Delimiter::Brace).is_some(),
    };
    let words = |token: &TokenTree| matches!(token, TokenTree::Ident(_)).then(|| token.to_string());
    let result = behind.iter().take_while(|token| !ends(token)).filter_map(words).collect();
    let tokens: Vec<TokenTree> = arguments.stream().into_iter().collect();
    let named = |pair: &[TokenTree]| match pair {
        [TokenTree::Ident(name), TokenTree::Punct(mark)] => {
            (mark.as_char() == ':' && mark.spacing() == Spacing::Alone).then(|| name.to_string())
        }
        _ => None,
    };
    Method { is_async, arguments: tokens.windows(2).filter_map(named).collect(), result }
}

/// The last name of the path that tokens begin with, and what stands behind its generics.
fn path(tokens: &[TokenTree]) -> (String, &[TokenTree]) {
    let is_path = |token: &&TokenTree| match token {
        TokenTree::Ident(_) => !is_word(token, "for"),
        TokenTree::Punct(mark) => mark.as_char() == ':',
        _ => false,
    };
    let length = tokens.iter().take_while(is_path).count();
    let name = tokens[..length].last().map(TokenTree::to_string).unwrap_or_default();
    (name, behind_generics(&tokens[length..]))
}

/// The tokens behind the generics that they begin with, if they do.
fn behind_generics(tokens: &[TokenTree]) -> &[TokenTree] {
    let mut depth = 0;
    let mut arrow = false;
    for (at, token) in tokens.iter().enumerate() {
        let mark = if let TokenTree::Punct(mark) = token { mark.as_char() } else { ' ' };
        match mark {
            '<' => depth += 1,
            '>' if !arrow => depth -= 1,
            _ => {}
        }
        arrow = mark == '-';
        if depth == 0 {
            return if at == 0 { tokens } else { &tokens[at + 1..] };
        }
    }
    &[]
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(found) if found == word)
}

fn group(token: &TokenTree, delimiter: Delimiter) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// The sources in a folder, without those of tests and without a folder.
fn sources(folder: &Path, without: Option<&str>) -> Vec<String> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        let name = path.file_stem().unwrap();
        name != "tests" && without.is_none_or(|without| name != without)
    });
    let read =
        |path: &PathBuf| if path.is_dir() { sources(path, None) } else { vec![fs::read_to_string(path).unwrap()] };
    paths.iter().flat_map(read).collect()
}

#[test]
fn the_blocking_client_has_all_that_the_async_one_has() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let code = sources(&folder, Some("blocking"));
    let client = Declared::of(&code);
    // What is not read is not missed.
    let read = client.methods.values().flat_map(BTreeMap::values).filter(|method| method.is_async).count();
    let lines = code.iter().flat_map(|source| source.lines());
    assert_eq!(read, lines.filter(|line| line.trim_start().starts_with("pub async fn ")).count());
    assert!(read > 50 && client.waiting().len() > 10, "{read} calls of {:?}", client.waiting());

    let blocking = Declared::of(&sources(&folder.join("blocking"), None));
    let missing = blocking.missing(&client);
    assert!(missing.is_empty(), "`src/blocking/` lacks {missing:#?}");
}

#[test]
fn what_the_blocking_client_lacks_is_named() {
    let client = "
        impl Client {
            pub(crate) async fn hidden(&self) {}
            pub fn url(&self) -> &str { \"\" }
            pub async fn script(&self, name: &str) -> Result<Script, Error> {}
            pub async fn push<R: Into<Row>>(&self, row: impl FnMut(R) -> Row) {}
        }
        impl<'c> Begun<'c> { pub fn go(self) -> Script { self.0 } }
        mod further { impl<R> super::Rows<R> where R: Send { pub async fn try_next(&mut self) {} } }
        impl ClientBuilder { pub fn build(self) -> Client {} pub fn quick(self) -> Self {} pub async fn log_in(self) {} }
        impl Script { pub async fn run(&self) {} pub fn name(&self) {} }
        impl Plain { pub fn column(&self) {} }";
    let missing = |blocking: &str| Declared::of(&[blocking.to_owned()]).missing(&Declared::of(&[client.to_owned()]));
    let all = [
        "Begun::go",
        "Client::push",
        "Client::script",
        "Client::url",
        "ClientBuilder::build_blocking",
        "ClientBuilder::log_in_blocking",
        "Rows::try_next",
        "Script::name",
        "Script::run",
    ];
    assert_eq!(missing(""), all);
    let some = "
        impl Client {
            tells! { Client: url(&self) -> &str; }
            gives! { Client: script(&self, title: &str) -> Script; Client: <R> push(&self, row: Row) -> (); }
        }
        impl Begun<'_> { ends! { Begun: go(self) -> Script; } }
        impl<R: Send> Iterator for Rows<R> { fn next(&mut self) {} }
        impl ClientBuilder { pub fn build_blocking(self) {} pub(crate) fn log_in_blocking(self) {} }
        impl Script { pub fn name(&self) {} }";
    assert_eq!(missing(some), ["Client::script(name)", "ClientBuilder::log_in_blocking", "Script::run"]);
}
