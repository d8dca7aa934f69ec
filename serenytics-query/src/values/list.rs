//! Run-time lists: the types that `in {values}` and `in {values}?` accept.

/// The list in `in {values}?`: an `Option` of a list, or a reference to one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `Option`: remove the `?` after the braces [SRN050]",
    label = "not an `Option`"
)]
pub trait OptionalList {
    /// The type of the list.
    type List;

    /// Returns the list, if there is one.
    #[doc(hidden)]
    fn list(self) -> Option<Self::List>;
}

#[diagnostic::do_not_recommend]
impl<L> OptionalList for Option<L> {
    type List = L;

    fn list(self) -> Option<L> {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<'a, L> OptionalList for &'a Option<L> {
    type List = &'a L;

    fn list(self) -> Option<&'a L> {
        self.as_ref()
    }
}

/// A list of values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of values [SRN051]",
    label = "not a list",
    note = "a list is an array, a slice, a `Vec`, another collection or an iterator; for one value, write `==`"
)]
pub trait ListOf {
    /// The type of the values.
    type Value;

    /// Returns the values.
    #[doc(hidden)]
    fn values(self) -> impl Iterator<Item = Self::Value>;
}

#[diagnostic::do_not_recommend]
impl<L: IntoIterator> ListOf for L {
    type Value = L::Item;

    fn values(self) -> impl Iterator<Item = L::Item> {
        self.into_iter()
    }
}

/// A bound that no `Option` and no `Result` meets.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of values [SRN051]",
    label = "not a list",
    note = "in a query, add `?` after the braces for an `Option` of a list: `in {{values}}?` omits the condition for `None`"
)]
pub trait NotSingle {}

/// A value in `in {values}`. It has two methods of one name: the compiler prefers the inherent one,
/// which `Option` and `Result` have, to the one of [`AnyList`].
#[derive(Debug)]
pub struct ListProbe<L>(pub L);

/// The method of [`ListProbe`] for every type.
pub trait AnyList {
    /// The type of the value.
    type List;

    /// Returns the value.
    fn serenytics_list(self) -> Self::List;
}

impl<L> AnyList for ListProbe<L> {
    type List = L;

    fn serenytics_list(self) -> L {
        self.0
    }
}

impl<V> ListProbe<Option<V>> {
    /// Returns the value. The bound is for its message only: no type meets it.
    pub fn serenytics_list(self) -> Option<V>
    where
        Option<V>: NotSingle,
    {
        self.0
    }
}

impl<'a, V> ListProbe<&'a Option<V>> {
    /// Returns the value. The bound is for its message only: no type meets it.
    pub fn serenytics_list(self) -> &'a Option<V>
    where
        &'a Option<V>: NotSingle,
    {
        self.0
    }
}

impl<V, E> ListProbe<Result<V, E>> {
    /// Returns the value. The bound is for its message only: no type meets it.
    pub fn serenytics_list(self) -> Result<V, E>
    where
        Result<V, E>: NotSingle,
    {
        self.0
    }
}

impl<'a, V, E> ListProbe<&'a Result<V, E>> {
    /// Returns the value. The bound is for its message only: no type meets it.
    pub fn serenytics_list(self) -> &'a Result<V, E>
    where
        &'a Result<V, E>: NotSingle,
    {
        self.0
    }
}
