//! The sources of the workspace: files, crates, and the tokens and functions in them. Code under `#[cfg(test)]`, in the
//! file or in one of its own, and all that lies in `tests` folders, counts as test code.
use std::{
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{spanned::Spanned as _, visit::Visit};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A file, named from the root of the workspace.
pub struct File {
    pub name: String,
    pub text: String,
    /// Whether all of it is test code.
    pub is_test: bool,
}

/// All files below the folders whose names end so, sorted.
pub fn files(folders: &[&str], ending: &str) -> Vec<File> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), ending, &mut found);
    }
    found.sort();
    assert!(!found.is_empty(), "no {ending} in {folders:?}: this check looks in the wrong place");
    let mut files: Vec<File> = found.into_iter().map(|path| File::read(&path)).collect();
    let tests: Vec<String> =
        files.iter().filter(|file| file.name.ends_with(".rs")).flat_map(File::outlined_tests).collect();
    for file in &mut files {
        let module = file.name.trim_end_matches(ending);
        file.is_test |= tests.iter().any(|test| module == test || module.starts_with(&format!("{test}/")));
    }
    files
}

fn collect(path: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), ending, found);
        }
    } else if path.to_str().is_some_and(|name| name.ends_with(ending)) {
        found.push(path.to_owned());
    }
}

impl File {
    fn read(path: &Path) -> Self {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        // The package of the stories is called tests itself.
        let is_test = Path::new(&name).iter().skip(1).any(|part| part == "tests");
        Self { name, text: fs::read_to_string(path).unwrap(), is_test }
    }

    /// A file that exists only in a check of the checks.
    pub fn sample(text: &str) -> Self {
        Self { name: "sample.rs".to_owned(), text: text.to_owned(), is_test: false }
    }

    /// The files of `#[cfg(test)] mod name;`, without their endings.
    fn outlined_tests(&self) -> Vec<String> {
        let path = Path::new(&self.name).with_extension("");
        let folder = match path.file_name().and_then(|name| name.to_str()) {
            Some("lib" | "main" | "mod") => path.parent().unwrap().to_owned(),
            _ => path.clone(),
        };
        let mut found = Vec::new();
        for item in self.parsed().items {
            if let syn::Item::Mod(module) = item
                && module.content.is_none()
                && module.attrs.iter().any(is_cfg_test)
            {
                let place = match module.attrs.iter().find_map(path_attribute) {
                    Some(place) => path.with_file_name(place).with_extension(""),
                    None => folder.join(module.ident.to_string()),
                };
                found.push(place.to_str().unwrap().to_owned());
            }
        }
        found
    }

    pub fn parsed(&self) -> syn::File {
        syn::parse_file(&self.text).unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }

    /// The tokens outside test code, comments excluded.
    pub fn tokens(&self) -> TokenStream {
        without_tests(self.text.parse().unwrap_or_else(|e| panic!("{}: {e}", self.name)))
    }
}

/// A folder with a Cargo.toml.
pub struct Crate {
    /// From the root of the workspace, for example "services/intake".
    pub folder: String,
    manifest: toml::Table,
}

/// The crates directly below the folders.
pub fn crates(folders: &[&str]) -> Vec<Crate> {
    files(folders, "/Cargo.toml")
        .into_iter()
        .map(|file| Crate {
            folder: file.name.trim_end_matches("/Cargo.toml").to_owned(),
            manifest: file.text.parse().unwrap_or_else(|e| panic!("{}: {e}", file.name)),
        })
        .collect()
}

impl Crate {
    pub fn name(&self) -> &str {
        self.folder.rsplit('/').next().unwrap()
    }

    /// The names in one section, for example "dependencies", as they are written in code.
    pub fn needs(&self, section: &str) -> Vec<String> {
        let section = self.manifest.get(section).and_then(|value| value.as_table());
        section.into_iter().flat_map(|table| table.keys()).map(|name| name.replace('-', "_")).collect()
    }
}

fn without_tests(stream: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if is_punct(&token, '#') && tokens.peek().is_some_and(is_cfg_test_group) {
            // The attribute and the item after it, which ends with its body or a semicolon.
            tokens.by_ref().find(|token| is_punct(token, ';') || is_braces(token));
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => {
                let inner = without_tests(group.stream());
                TokenTree::Group(proc_macro2::Group::new(group.delimiter(), inner))
            }
            other => other,
        });
    }
    kept.into_iter().collect()
}

fn is_cfg_test_group(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.stream().to_string().replace(' ', "") == "cfg(test)")
}

fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "test")
}

/// The file named by `#[path = "…"]`.
fn path_attribute(attribute: &syn::Attribute) -> Option<String> {
    let value = &attribute.meta.require_name_value().ok().filter(|pair| pair.path.is_ident("path"))?.value;
    match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

fn is_braces(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

pub fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// How long the functions of a file are, and how many lines are test code.
#[derive(Default)]
pub struct Measures {
    pub functions: Vec<(String, usize)>,
    pub test_lines: usize,
}

impl Measures {
    pub fn of(file: &File) -> Self {
        let mut measures = Self::default();
        measures.visit_file(&file.parsed());
        measures
    }

    fn function(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let lines = body.span().end().line - signature.span().start().line + 1;
        self.functions.push((signature.ident.to_string(), lines));
    }
}

impl<'ast> Visit<'ast> for Measures {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        match item.attrs.iter().any(is_cfg_test) {
            true => self.test_lines += item.span().end().line - item.span().start().line + 1,
            false => syn::visit::visit_item_mod(self, item),
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body);
        }
        syn::visit::visit_trait_item_fn(self, item);
    }
}
