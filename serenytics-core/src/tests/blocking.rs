//! Checks by reading the sources that the blocking client has every method of the async one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// The builder of both clients. Its blocking methods end in `_blocking`.
const SHARED: &str = "ClientBuilder";

/// The method that iterators replace.
const NEXT: &str = "try_next";

/// A public method.
struct Method {
    is_async: bool,
    /// The names of its arguments.
    arguments: Vec<String>,
    /// The names in its result's type.
    result: Vec<String>,
}

/// The declarations in some source files.
#[derive(Default)]
struct Declared {
    /// The methods, by type and name.
    methods: BTreeMap<String, BTreeMap<String, Method>>,
    /// The types that are iterators.
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

    /// Reads the tokens after `impl`.
    fn read_impl(&mut self, tokens: &[TokenTree]) {
        let tokens = after_generics(tokens);
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

    fn is_async(&self, async_types: &BTreeSet<&str>, name: &str) -> bool {
        let returns =
            |method: &Method| method.result.iter().any(|word| word != name && async_types.contains(word.as_str()));
        self.methods[name].values().any(|method| method.is_async || returns(method))
    }

    /// Returns the types with an async method, or with a method that returns such a type.
    fn async_types(&self) -> BTreeSet<&str> {
        let mut async_types = BTreeSet::new();
        loop {
            let further: BTreeSet<&str> =
                self.methods.keys().map(String::as_str).filter(|name| self.is_async(&async_types, name)).collect();
            if further == async_types {
                return async_types;
            }
            async_types = further;
        }
    }

    /// Returns the methods of the async client's types that these types lack.
    fn missing(&self, client: &Declared) -> Vec<String> {
        let async_types = client.async_types();
        let mut missing = Vec::new();
        for (name, methods) in client.methods.iter().filter(|(name, _)| async_types.contains(name.as_str())) {
            for (method, declared) in methods {
                let returns = || declared.result.iter().any(|word| async_types.contains(word.as_str()));
                let found = match (name.as_str(), method.as_str()) {
                    (SHARED, _) if !declared.is_async && !returns() => continue,
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

/// Returns the method after `pub`, if it is one.
fn written(tokens: &[TokenTree]) -> Option<(String, Method)> {
    let before = tokens.iter().position(|token| is_word(token, "fn"))?;
    let (qualifiers, rest) = tokens.split_at(before);
    if !qualifiers.iter().all(|token| ["async", "const", "unsafe"].iter().any(|word| is_word(token, word))) {
        return None;
    }
    let is_async = qualifiers.iter().any(|token| is_word(token, "async"));
    let [_, TokenTree::Ident(name), rest @ ..] = rest else { return None };
    let [arguments, rest @ ..] = after_generics(rest) else { return None };
    Some((name.to_string(), method(is_async, group(arguments, Delimiter::Parenthesis)?, rest)))
}

/// Returns the methods in an invocation of a macro: a name followed by arguments.
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

fn method(is_async: bool, arguments: &Group, after: &[TokenTree]) -> Method {
    let ends = |token: &&TokenTree| match token {
        TokenTree::Punct(mark) => mark.as_char() == ';',
        token => is_word(token, "where") || group(token, Delimiter::Brace).is_some(),
    };
    let words = |token: &TokenTree| matches!(token, TokenTree::Ident(_)).then(|| token.to_string());
    let result = after.iter().take_while(|token| !ends(token)).filter_map(words).collect();
    let tokens: Vec<TokenTree> = arguments.stream().into_iter().collect();
    let named = |pair: &[TokenTree]| match pair {
        [TokenTree::Ident(name), TokenTree::Punct(mark)] => {
            (mark.as_char() == ':' && mark.spacing() == Spacing::Alone).then(|| name.to_string())
        }
        _ => None,
    };
    Method { is_async, arguments: tokens.windows(2).filter_map(named).collect(), result }
}

/// Returns the last name of the path at the start of the tokens, and the tokens after its generics.
fn path(tokens: &[TokenTree]) -> (String, &[TokenTree]) {
    let is_path = |token: &&TokenTree| match token {
        TokenTree::Ident(_) => !is_word(token, "for"),
        TokenTree::Punct(mark) => mark.as_char() == ':',
        _ => false,
    };
    let length = tokens.iter().take_while(is_path).count();
    let name = tokens[..length].last().map(TokenTree::to_string).unwrap_or_default();
    (name, after_generics(&tokens[length..]))
}

/// Skips the generics at the start of the tokens, if there are any.
fn after_generics(tokens: &[TokenTree]) -> &[TokenTree] {
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

/// Returns the sources in a folder, except those of tests and of the folder `without`.
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
fn blocking_client_has_every_method_of_the_async_client() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let code = sources(&folder, Some("blocking"));
    let client = Declared::of(&code);
    // Check that the reader above finds every async method.
    let read = client.methods.values().flat_map(BTreeMap::values).filter(|method| method.is_async).count();
    let lines = code.iter().flat_map(|source| source.lines());
    assert_eq!(read, lines.filter(|line| line.trim_start().starts_with("pub async fn ")).count());
    assert!(read > 50 && client.async_types().len() > 10, "{read} calls of {:?}", client.async_types());

    let blocking = Declared::of(&sources(&folder.join("blocking"), None));
    let missing = blocking.missing(&client);
    assert!(missing.is_empty(), "`src/blocking/` lacks {missing:#?}");
}

#[test]
fn missing_blocking_methods_are_named() {
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
            sync_methods! { Client: url(&self) -> &str; }
            async_methods! { Client: script(&self, title: &str) -> blocking Script; Client: <R> push(&self, row: Row) -> (); }
        }
        impl Begun<'_> { async_methods! { Begun: go(self) -> Script; } }
        impl<R: Send> Iterator for Rows<R> { fn next(&mut self) {} }
        impl ClientBuilder { pub fn build_blocking(self) {} pub(crate) fn log_in_blocking(self) {} }
        impl Script { pub fn name(&self) {} }";
    assert_eq!(missing(some), ["Client::script(name)", "ClientBuilder::log_in_blocking", "Script::run"]);
}
