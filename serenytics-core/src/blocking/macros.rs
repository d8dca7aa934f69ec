//! Macros that write the blocking types: each method calls the async one of the same name.
//!
//! A list of methods names the async type first: `Client: fetch(&self, ..) -> Vec<R>;`. The word
//! `blocking` before a result converts it to its blocking version.

/// Implements the conversion to blocking types: structs with the names of the async types and the
/// fields `inner` and `runtime`.
macro_rules! blocking_types {
    ($($name:ident $(<$parameter:tt>)?;)+) => {$(
        impl $(<$parameter>)? $crate::blocking::IntoBlocking for $crate::$name $(<$parameter>)? {
            type Blocking = $name $(<$parameter>)?;

            fn blocking(self, runtime: &$crate::blocking::runtime::Runtime) -> Self::Blocking {
                $name { inner: self, runtime: runtime.clone() }
            }
        }
    )+};
}

/// Defines blocking versions of async methods.
macro_rules! async_methods {
    () => {};
    ($async:ident: $(<$generic:ident $(: $bound:ident $(+ $lifetime:lifetime)?)?>)? $name:ident(&self $(, $argument:ident: $type:ty)*) -> blocking $result:ty; $($rest:tt)*) => {
        #[doc = concat!("Waits for [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        ///
        /// # Errors
        /// Returns the same errors, and an error if called from async code.
        pub fn $name $(<$generic $(: $bound $(+ $lifetime)?)?>)? (&self $(, $argument: $type)*) -> Result<$result, $crate::Error> {
            let result = self.runtime.wait(self.inner.$name($($argument),*))?;
            Ok($crate::blocking::IntoBlocking::blocking(result, &self.runtime))
        }
        async_methods! { $($rest)* }
    };
    ($async:ident: $(<$generic:ident $(: $bound:ident $(+ $lifetime:lifetime)?)?>)? $name:ident(&self $(, $argument:ident: $type:ty)*) -> $result:ty; $($rest:tt)*) => {
        #[doc = concat!("Waits for [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        ///
        /// # Errors
        /// Returns the same errors, and an error if called from async code.
        pub fn $name $(<$generic $(: $bound $(+ $lifetime)?)?>)? (&self $(, $argument: $type)*) -> Result<$result, $crate::Error> {
            self.runtime.wait(self.inner.$name($($argument),*))
        }
        async_methods! { $($rest)* }
    };
    ($async:ident: $name:ident(self) -> $result:ty; $($rest:tt)*) => {
        #[doc = concat!("Waits for [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        ///
        /// # Errors
        /// Returns the same errors, and an error if called from async code.
        pub fn $name(self) -> Result<$result, $crate::Error> {
            self.runtime.wait(self.inner.$name())
        }
        async_methods! { $($rest)* }
    };
}

/// Defines methods that send nothing: getters, setters, and methods that start a call.
macro_rules! sync_methods {
    () => {};
    ($(#[$attribute:meta])? $async:ident: $name:ident(&self $(, $argument:ident: $type:ty)*) -> blocking $result:ty; $($rest:tt)*) => {
        #[doc = concat!("See [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        $(#[$attribute])?
        pub fn $name(&self $(, $argument: $type)*) -> $result {
            $crate::blocking::IntoBlocking::blocking(self.inner.$name($($argument),*), &self.runtime)
        }
        sync_methods! { $($rest)* }
    };
    ($async:ident: $name:ident(&self $(, $argument:ident: $type:ty)*) -> $result:ty; $($rest:tt)*) => {
        #[doc = concat!("See [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        #[must_use]
        pub fn $name(&self $(, $argument: $type)*) -> $result {
            self.inner.$name($($argument),*)
        }
        sync_methods! { $($rest)* }
    };
    ($async:ident: $name:ident(&mut self $(, $argument:ident: $type:ty)*) $(-> $result:ty)?; $($rest:tt)*) => {
        #[doc = concat!("See [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        pub fn $name(&mut self $(, $argument: $type)*) $(-> $result)? {
            self.inner.$name($($argument),*)
        }
        sync_methods! { $($rest)* }
    };
    ($async:ident: $(<$generic:ident: $bound:path>)? $name:ident(self $(, $argument:ident: $type:ty)*); $($rest:tt)*) => {
        #[doc = concat!("See [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        pub fn $name $(<$generic: $bound>)? (mut self $(, $argument: $type)*) -> Self {
            self.inner = self.inner.$name $(::<$generic>)? ($($argument),*);
            self
        }
        sync_methods! { $($rest)* }
    };
}
